package com.example.ledger;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class LedgerTest {
    @Test
    void aTransferMovesMoney() {
        Ledger ledger = new Ledger();
        ledger.deposit("a", 100);
        ledger.transfer("a", "b", 40);
        assertEquals(60, ledger.balance("a"));
        assertEquals(40, ledger.balance("b"));
    }

    @Test
    void nobodyPaysMoreThanTheyHave() {
        Ledger ledger = new Ledger();
        assertThrows(IllegalArgumentException.class, () -> ledger.transfer("a", "b", 1));
    }
}
