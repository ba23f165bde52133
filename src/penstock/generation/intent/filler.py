"""Words that ask for nothing by themselves, in English, German, French and Spanish.

A word belongs here only when leaving it out changes no pipeline: "please", "with", "pipeline". A word that could be a
wish of its own (rollback, terraform, monitoring) must not: it would be passed over in silence.
"""

from __future__ import annotations

NEGATIONS = frozenset(
    [
        "no",
        "not",
        "without",
        "never",
        "don't",
        "dont",
        "doesn't",
        "won't",
        "shouldn't",
        "none",
        "neither",
        "nor",
        "skip",
        "ohne",
        "kein",
        "keine",
        "keinen",
        "nicht",
        "nie",
        "sans",
        "pas",
        "aucun",
        "aucune",
        "jamais",
        "sin",
        "ningún",
        "ninguna",
        "nunca",
    ]
)
_JOINING = (
    "a an the this that these those it its it's its our my your their we i you they us me he she there here"
    " and or then also too as well but so with within into onto in on at to from of for by via through over under up"
    " out off after before during until when whenever if while where which who what than be is are was were been being"
    " has have having had do does did done can could would should shall will may might must let let's lets please pls"
    " thanks thank hi hello hey ok okay just only simply really very quite more most some any all each every both"
    " either same other another one once first second finally next last about like such etc e.g i.e per s t re ve ll"
    " new now again always usually automatically automatic auto directly everything anything something nothing"
    " things thing way kind sort sure able needed necessary required possible want wants need needs needing like likes"
    " require requires love help make makes making made instead yet give gives get gets keep use uses using used put"
)
_DOING = (
    "create creates creating set sets setup setting build builds building built generate generates write writes"
    " add adds"
    " adding include includes including run runs running deploy deploys deployed deploying deployment deployments"
    " deployable release releases released releasing ship ships shipped rollout push pushes pushed pushing"
    " publish start starts stop trigger triggers triggered go goes going live ready work works working configure"
    " configured configuration define prepare provide provides expect expects take takes read reads serve"
    " serves serving"
    " answer answers respond responds endpoint endpoints mount mounts mounted tourner listen listens listening"
    " called named name names host hosted hosting call calls show gives ensure change changes"
    " update move moves moving cluster clusters switch migrate automate automated automation continuous"
    " continuously integrate delivery deliver delivers bring brings"
    " choose pick default defaults standard usual normal simple basic complete full fully proper properly good"
    " nice great"
    " best practice practices production-ready modern small whole entire fresh existing current currently our"
)
_THINGS = (
    "pipeline pipelines ci cd ci/cd cicd ci-cd workflow workflows github git gitops google gcp cloud gcloud repo repos"
    " repository repositories codebase code source project projects service services microservice microservices"
    " app apps"
    " application applications api apis backend frontend server web site website program system team developers"
    " developer company org organisation organization environment environments env envs stage stages target targets"
    " region regions zone location image images container containers containerised containerized docker dockerfile"
    " artifact artifacts registry branch branches commit commits version versions job jobs step steps task tasks script"
    " scripts command commands file files yaml config configs settings option options value values variable variables"
    " secret secrets port ports instance instances replica replicas test tests testing check checks approval approvals"
    " notification notifications time times day today end sentence line part parts monorepo main master pr prs mr"
    " pull request requests merge merged merges utc runtime"
)
_FOREIGN = (
    # German
    "ich wir du sie er es der die das den dem des ein eine einen einem einer unser unsere unseren unserem unserer mein"
    " meine meinen bitte danke und oder dann aber auch noch mit für von vom zu zum zur nach auf aus bei in im ins am an"
    " über unter vor bis durch soll sollen sollte muss müssen kann können möchte möchten will wollen wird"
    " werden ist sind"
    " hat haben braucht brauchen brauche benötigt benötigen erstelle erstellen erstell erzeuge richte einrichten baue"
    " bauen deploye deployen ausrollen ausliefern läuft laufen lauf lass führe ausführen als wenn immer nur jeder jede"
    " jedes jeden alle alles neue neuen neuer dienst dienste anwendung projekt umgebung umgebungen region geheimnis"
    " geheimnisse variable variablen zweig version bereitstellen bereitstellung veröffentlichen wie so sowie man"
    " hinzufügen verwenden nutzen setzen sondern"
    # French
    " je nous vous tu il elle ils le la les l un une des du de d et ou puis mais aussi avec pour par sur dans en au aux"
    " à chez vers depuis ce cette ces notre nos mon ma mes votre vos crée créer créez crees créé cree creer mets mettre"
    " mettez déploie déployer déployez deploie deployer deployez déploiement deploiement construis construire lance"
    " lancer exécute exécuter besoin a ai as ont est sont doit doivent faut veux voudrais voulons merci s'il"
    " plaît plait"
    " stp svp qui que quand toujours tout tous toutes toute nouveau nouvelle projet environnement environnements région"
    " intégration continue livraison pipeline application utilise utiliser nécessite nécessaire nécessaires ne"
    # Spanish
    " yo nosotros el los las un una unos unas de del y o e luego pero también con para por en al a hacia desde"
    " este esta"
    " estos nuestro nuestra nuestros mi mis su sus crea crear cree creo configura configurar despliega desplegar"
    " despliegue despliegues desplegado construye construir probar ejecuta ejecutar lanza necesita necesitamos necesito"
    " requiere usa usar quiero queremos debe deben hay favor gracias cuando siempre todo todos todas cada nuevo nueva"
    " servicio servicios aplicación proyecto entorno entornos ambiente ambientes región versión integración continua"
    " entrega como que se es son ser tiene necesario necesaria sino"
)
NOUNS = frozenset(_THINGS.split())
"""Things, which make clearer what stands before them: preview environment."""
FILLER = frozenset((_JOINING + " " + _DOING + " " + _THINGS + " " + _FOREIGN).split())
