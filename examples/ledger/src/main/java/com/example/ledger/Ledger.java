package com.example.ledger;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Accounts and their balances in cents; a transfer moves money or does nothing. */
public final class Ledger {
    private final Map<String, Long> balances = new ConcurrentHashMap<>();

    public long balance(String account) {
        return balances.getOrDefault(account, 0L);
    }

    public void deposit(String account, long cents) {
        if (cents <= 0) {
            throw new IllegalArgumentException("a deposit must be positive");
        }
        balances.merge(account, cents, Math::addExact);
    }

    public synchronized void transfer(String from, String to, long cents) {
        if (cents <= 0 || balance(from) < cents) {
            throw new IllegalArgumentException(from + " cannot pay " + cents);
        }
        balances.merge(from, -cents, Math::addExact);
        balances.merge(to, cents, Math::addExact);
    }
}
