from __future__ import annotations

import pytest
from detection_trees import facts_of, main_of, short

BOOT = """<project><parent><groupId>org.springframework.boot</groupId>
<artifactId>spring-boot-starter-parent</artifactId><version>4.0.0</version></parent><groupId>a</groupId><artifactId>shop</artifactId><version>1.0</version>{packaging}
<properties><java.version>21</java.version></properties>
<dependencies><dependency><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-web</artifactId>
</dependency></dependencies>
<build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId>{skip}
</plugin></plugins></build></project>"""
MAIN = "@SpringBootApplication\nclass ShopApplication { public static void main(String[] a) {} }\n"
JAVA = "src/main/java/a/ShopApplication.java"
SPRING = {"pom.xml": BOOT.format(packaging="", skip=""), JAVA: MAIN}


def test_a_spring_boot_service_is_built_by_its_wrapper_and_started_as_its_jar() -> None:
    service = main_of({**SPRING, "mvnw": "", "src/test/java/a/ShopTests.java": "class ShopTests {}"})
    assert short(service, "language", "framework", "runtime_version", "runtime_kind", "port", "port_env") == (
        "java", "spring-boot", "21", "minimum", 8080, "SERVER_PORT",
    )  # fmt: skip
    assert short(service, "build_command", "test_command", "start_command") == (
        "./mvnw package -DskipTests", "./mvnw test", "java -jar target/shop-1.0.jar",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "port", "variable"),
    [
        ("application.properties", "server.port=${PORT:9001}\n", 9001, "PORT"),
        ("application.yml", "spring:\n  datasource:\n    port: 5432\nserver:\n  ssl: {}\n  port: 9002\n", 9002, None),
        ("application.yml", "server:\n  port: ${WEB_PORT:9003}\n---\nserver:\n  port: 9004\n", 9003, "WEB_PORT"),
        ("application.yml", "app:\n  version: @project.version@\nserver.port: 9005\n", 9005, None),
        ("application.yml", "redis:\n  port: 6379\n", 8080, None),
    ],
)
def test_the_port_is_read_from_the_settings(name: str, text: str, port: int, variable: str | None) -> None:
    service = main_of({**SPRING, f"src/main/resources/{name}": text})
    assert short(service, "port", "port_env") == (port, variable or "SERVER_PORT")


def test_a_settings_file_of_many_lines_below_server_is_read_to_its_end() -> None:
    settings = "server:\n" + "".join(f"  key{number}:\n\n" for number in range(400)) + "  port: 9100\n"
    assert short(main_of({**SPRING, "src/main/resources/application.yml": settings}), "port") == (9100,)


def test_a_web_archive_without_a_server_inside_needs_a_servlet_container_and_has_no_start() -> None:
    skip = "<configuration><skip>true</skip></configuration>"
    pom = BOOT.format(packaging="<packaging>war</packaging>", skip=skip)
    service = main_of({"pom.xml": pom, JAVA: MAIN})
    assert short(service, "kind", "start_command", "output_dir", "port") == ("web", None, "target/shop-1.0.war", 8080)
    assert service.has("needs-servlet-container")
    gradle = main_of(
        {"build.gradle": "plugins { id 'war' }\nversion = '2'\n", "settings.gradle": "rootProject.name='s'"}
    )
    assert short(gradle, "kind", "start_command", "output_dir") == ("web", None, "build/libs/s-2.war")


def test_a_plugin_in_a_profile_that_is_active_by_a_file_builds_the_modules() -> None:
    parent = """<project><groupId>a</groupId><artifactId>all</artifactId><version>1</version><packaging>pom</packaging>
    <parent><groupId>org.springframework.boot</groupId><artifactId>spring-boot-starter-parent</artifactId></parent>
    <modules><module>cart</module><module>pay</module></modules>
    <profiles><profile><activation><file><exists>src/main/resources/application.yml</exists></file></activation>
    <build><plugins><plugin><groupId>org.springframework.boot</groupId><artifactId>spring-boot-maven-plugin</artifactId>
    </plugin></plugins></build></profile></profiles></project>"""
    files = {"pom.xml": parent}
    for name in ("cart", "pay"):
        files[f"{name}/pom.xml"] = (
            f"<project><parent><groupId>a</groupId><artifactId>all</artifactId><version>1</version></parent>"
            f"<artifactId>{name}</artifactId><dependencies><dependency><groupId>org.springframework.boot</groupId>"
            f"<artifactId>spring-boot-starter-web</artifactId></dependency></dependencies></project>"
        )
        files[f"{name}/{JAVA}"] = MAIN
        files[f"{name}/src/main/resources/application.yml"] = "server:\n  port: 0\n"
    facts = facts_of(files)
    assert [(each.path, *short(each, "start_command")) for each in facts.services] == [
        ("cart", "java -jar target/cart-1.jar"),
        ("pay", "java -jar target/pay-1.jar"),
    ]
    assert facts.monorepo == "maven-multi"


def test_maven_and_gradle_side_by_side_give_one_answer_by_the_wrapper_that_is_there() -> None:
    gradle = {"build.gradle": "plugins { id 'org.springframework.boot' version '4.0.0' }", "gradlew": ""}
    assert short(main_of({**SPRING, **gradle}), "package_manager") == ("gradle",)
    both = main_of({**SPRING, **gradle, "mvnw": ""})
    assert short(both, "package_manager") == ("maven",)
    assert both.has("maven-and-gradle")


def test_a_wrapper_that_is_only_configured_is_not_called() -> None:
    files = {
        "build.gradle": "plugins { id 'application' }",
        "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://x/gradle-8.5-bin.zip\n",
        "src/main/java/Main.java": MAIN,
    }
    service = main_of(files)
    assert short(service, "build_command", "package_manager_version") == ("gradle build installDist -x test", "8.5")


@pytest.mark.parametrize(
    ("script", "version", "kind"),
    [
        ("java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }", "21", "pin"),
        ("kotlin { jvmToolchain(17) }", "17", "pin"),
        ("java { sourceCompatibility = JavaVersion.VERSION_11 }", "11", "minimum"),
        ("// sourceCompatibility = 8\n", None, None),
    ],
)
def test_the_java_version_of_a_gradle_build(script: str, version: str | None, kind: str | None) -> None:
    files = {"build.gradle.kts": f"plugins {{ application }}\n{script}\n", "src/main/kotlin/App.kt": "fun main() {}"}
    assert short(main_of(files), "runtime_version", "runtime_kind", "language") == (version, kind, "kotlin")


def test_a_library_module_of_a_gradle_build_is_no_service_though_it_applies_the_plugin() -> None:
    ktor = 'plugins { kotlin("jvm")\n id("io.ktor.plugin") version "3.4.3" }\n'
    files = {
        "settings.gradle.kts": 'rootProject.name = "a"\ninclude("server", "worker", "shared")',
        "build.gradle.kts": "",
        "shared/src/main/kotlin/Model.kt": "class Model",
    }
    for name in ("server", "worker", "shared"):
        files[f"{name}/build.gradle.kts"] = ktor
    for name in ("server", "worker"):
        files[f"{name}/src/main/kotlin/Main.kt"] = "fun main() { embeddedServer(Netty, port = 8082) }"
    assert [each.path for each in facts_of(files).services] == ["server", "worker"]


def test_a_play_application_in_java_keeps_its_language_and_its_name() -> None:
    files = {
        "build.sbt": 'name := """shop-front"""\nscalaVersion := "2.13.18"\nlazy val root = '
        '(project in file(".")).enablePlugins(PlayJava)\n',
        "project/plugins.sbt": 'addSbtPlugin("org.playframework" % "sbt-plugin" % "3.0.1")\n',
        "app/controllers/Home.java": "class Home {}",
        "build.gradle": "plugins { id 'java-library' }",
    }
    service = main_of(files)
    assert short(service, "language", "framework", "package_manager", "start_command", "port") == (
        "java", "play", "sbt", "target/universal/stage/bin/shop-front", 9000,
    )  # fmt: skip


def test_a_quarkus_program_is_a_service_only_with_an_extension_that_serves() -> None:
    pom = """<project><groupId>a</groupId><artifactId>q</artifactId><version>1</version><dependencies><dependency>
    <groupId>io.quarkus</groupId><artifactId>{name}</artifactId></dependency></dependencies><build><plugins><plugin>
    <groupId>io.quarkus</groupId><artifactId>quarkus-maven-plugin</artifactId></plugin></plugins></build></project>"""
    kinds = {
        name: main_of({"pom.xml": pom.format(name=name)}).kind
        for name in ("quarkus-rest", "quarkus-smallrye-health", "quarkus-picocli")
    }
    assert kinds == {"quarkus-rest": "web", "quarkus-smallrye-health": "web", "quarkus-picocli": "cli"}


def test_a_property_that_another_one_names_is_no_environment_variable() -> None:
    files = {
        "build.gradle": "plugins { id 'org.springframework.boot' version '3.5.0' }\n",
        "src/main/java/Main.java": "@SpringBootApplication class Main { public static void main(String[] a) {} }",
        "src/main/resources/application.properties": "database=h2\nschema=db/${database}.sql\nurl=${SHOP_URL:none}\n",
        "src/main/resources/application.conf": "pool = ${fixedPool}\nkey = ${?SHOP_KEY}\n",
    }
    assert [each.name for each in main_of(files).env] == ["SHOP_KEY", "SHOP_URL"]
