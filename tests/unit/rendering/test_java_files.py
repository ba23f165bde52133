"""What a Java or Kotlin repository gets: its own build, by its wrapper, and an image with a Java runtime only."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from built_files import ROOT, Built, build

MAIN = "package a;\n@SpringBootApplication\npublic class App {\n  public static void main(String[] x) {}\n}\n"
TEST = "package a;\nclass AppTest {\n  @org.junit.jupiter.api.Test void t() {}\n}\n"
SOURCES = {"src/main/java/a/App.java": MAIN, "src/test/java/a/AppTest.java": TEST}
SCRIPT = "#!/bin/sh\nexec true\n"
BOOT = "<groupId>org.springframework.boot</groupId>"
BOOT_PLUGIN = f"<plugin>{BOOT}<artifactId>spring-boot-maven-plugin</artifactId></plugin>"
WEB = f"<dependency>{BOOT}<artifactId>spring-boot-starter-web</artifactId></dependency>"
KTOR = """plugins {
  kotlin("jvm") version "2.0.0"
  application
}
kotlin { jvmToolchain(21) }
dependencies { implementation("io.ktor:ktor-server-netty:3.0.0") }
"""
ALL = (
    "<project><groupId>a</groupId><artifactId>all</artifactId><version>1</version><packaging>pom</packaging>"
    "<modules><module>{}</module><module>{}</module></modules></project>"
)
PARENT = "<parent><groupId>a</groupId><artifactId>all</artifactId><version>1</version></parent>"


def pom(
    *, name: str = "shop", java: str = "17", version: str = "1.0", more: str = "", plugin: str = BOOT_PLUGIN
) -> str:
    return (
        "<project><modelVersion>4.0.0</modelVersion><groupId>a</groupId>"
        f"<artifactId>{name}</artifactId><version>{version}</version>\n"
        f"<properties><java.version>{java}</java.version></properties>\n"
        f"<dependencies>{WEB}</dependencies>{more}<build><plugins>{plugin}</plugins></build></project>\n"
    )


def boot(java: str = "17", version: str = "0.1") -> str:
    return (
        "plugins {\n  id 'java'\n  id 'org.springframework.boot' version '3.4.0'\n}\n"
        f"version = '{version}'\njava {{ toolchain {{ languageVersion = JavaLanguageVersion.of({java}) }} }}\n"
        "dependencies { implementation 'org.springframework.boot:spring-boot-starter-web' }\n"
    )


def final_stage(built: Built) -> list[str]:
    lines = built.dockerfile.split("\n")
    return lines[max(index for index, line in enumerate(lines) if line.startswith("FROM ")) :]


def test_the_example_is_packaged_by_maven_and_run_as_its_start_command_says(tmp_path: Path):
    built = build(Path(shutil.copytree(ROOT / "examples" / "ledger", tmp_path / "ledger")))
    final = final_stage(built)
    assert "RUN mvn package -DskipTests" in built.dockerfile
    assert "COPY --from=build /src/target/ledger.jar target/ledger.jar" in final
    assert 'CMD ["java", "-jar", "target/ledger.jar"]' in final
    assert built.step("test").script.endswith("mvn test\n")
    assert "runs by itself" not in built.assumptions
    assert "target/ledger.jar is taken to run by itself" in built.assumptions


def test_the_image_has_a_runtime_only_and_is_not_root(tmp_path: Path):
    final = final_stage(build(tmp_path, {"pom.xml": pom(), **SOURCES}))
    assert final[0].startswith("FROM eclipse-temurin:17.")
    assert "-jre-" in final[0]
    assert "@sha256:" in final[0]
    assert "USER 10001:10001" in final
    assert "MaxRAMPercentage" in "\n".join(final)
    assert "EXPOSE 8080" in final


@pytest.mark.parametrize(
    ("java", "line"), [("1.8", "8"), ("11", "11"), ("16", "17"), ("17", "17"), ("21", "21"), ("22", "25"), ("25", "25")]
)
def test_the_java_line_follows_the_build_file(tmp_path: Path, java: str, line: str):
    built = build(tmp_path, {"pom.xml": pom(java=java), **SOURCES})
    assert f"-temurin-{line}" in built.step("test").image
    assert final_stage(built)[0].startswith(f"FROM eclipse-temurin:{line}")
    assert ("long-term line" in built.assumptions) == (java not in {line, "1.8"} or java == "1.8")


def test_without_a_java_version_21_is_taken_and_said(tmp_path: Path):
    built = build(tmp_path, {"pom.xml": pom().replace("<java.version>17</java.version>", ""), **SOURCES})
    assert "-temurin-21" in built.step("test").image
    assert "name no version" in built.assumptions


def test_a_java_that_nobody_offers_is_asked_about(tmp_path: Path):
    assert "asks for Java 99" in build(tmp_path, {"pom.xml": pom(java="99"), **SOURCES}).questions


def test_the_maven_wrapper_is_used_and_made_executable(tmp_path: Path):
    built = build(tmp_path, {"pom.xml": pom(), "mvnw": SCRIPT, **SOURCES})
    script = built.step("test").script
    assert script.endswith("./mvnw test\n")
    assert "chmod +x ./mvnw" in script
    assert "unset MAVEN_CONFIG" in script
    assert "RUN chmod +x ./mvnw \\\n    && ./mvnw package -DskipTests" in built.dockerfile


def test_a_version_that_is_set_elsewhere_does_not_break_the_copy(tmp_path: Path):
    built = build(tmp_path, {"pom.xml": pom(version="${revision}"), **SOURCES})
    assert "find target -maxdepth 1" in built.dockerfile
    assert 'CMD ["java", "-jar", "app.jar"]' in built.dockerfile
    assert "${" not in built.dockerfile


def test_quarkus_is_copied_as_the_folder_it_packages(tmp_path: Path):
    plugin = "<plugin><groupId>io.quarkus</groupId><artifactId>quarkus-maven-plugin</artifactId></plugin>"
    rest = "<dependencies><dependency><groupId>io.quarkus</groupId><artifactId>quarkus-rest</artifactId></dependency>"
    text = pom(plugin=plugin).replace("<dependencies>", rest)
    built = build(tmp_path, {"pom.xml": text, **SOURCES})
    assert "COPY --from=build /src/target/quarkus-app target/quarkus-app" in built.dockerfile
    assert 'CMD ["java", "-jar", "target/quarkus-app/quarkus-run.jar"]' in built.dockerfile


def test_the_program_of_a_multi_module_build_is_built_from_its_root(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "pom.xml": ALL.format("core", "web"),
            "mvnw": SCRIPT,
            "core/pom.xml": f"<project>{PARENT}<artifactId>core</artifactId></project>",
            "core/src/main/java/a/Core.java": "package a;\nclass Core {}\n",
            "web/pom.xml": pom(name="web").replace("<modelVersion>", f"{PARENT}<modelVersion>"),
            **{f"web/{name}": content for name, content in SOURCES.items()},
        },
    )
    assert built.spec.services[0].image.context == "."
    assert "COPY . " in built.dockerfile
    assert "web-1.0.jar" in built.dockerfile
    assert "./mvnw" in built.step("test").script or "../mvnw" in built.step("test").script


def test_a_module_without_a_wrapper_is_tested_and_built_with_the_modules_it_needs(tmp_path: Path):
    files = {"pom.xml": ALL.format("orders", "stock")}
    for module in ("orders", "stock"):
        files[f"{module}/pom.xml"] = pom(name=module).replace("<modelVersion>", f"{PARENT}<modelVersion>")
        files |= {f"{module}/{name}": content for name, content in SOURCES.items()}
    built = build(tmp_path, files)
    assert {service.path for service in built.spec.services} == {"orders", "stock"}
    step = built.step("orders-test")
    assert step.script.endswith("mvn -pl orders -am test\n")
    assert step.dir == "."
    dockerfile = built.files["orders/Dockerfile"]
    assert "RUN mvn -pl orders -am package -DskipTests" in dockerfile
    assert "COPY --from=build /src/orders/target/orders-1.0.jar target/orders-1.0.jar" in dockerfile
    assert built.step("orders-image").env["CONTEXT"] == "."


def test_what_a_dockerfile_copies_from_the_build_is_built_before_the_image(tmp_path: Path):
    own = 'FROM eclipse-temurin:17\nARG JAR_FILE=target/*.jar\nCOPY ${JAR_FILE} app.jar\nCMD ["java"]\n'
    built = build(tmp_path, {"pom.xml": pom(), "Dockerfile": own, **SOURCES})
    assert built.step("package").script.endswith("mvn package -DskipTests\n")
    assert "package" in built.step("image").wait_for
    whole = "FROM maven:3 AS b\nCOPY . .\nRUN mvn package\nFROM eclipse-temurin:17\nCOPY --from=b target/a.jar a.jar\n"
    assert not build(tmp_path / "whole", {"pom.xml": pom(), "Dockerfile": whole, **SOURCES}).has_step("package")


def test_jib_is_left_aside_with_a_reason(tmp_path: Path):
    plugin = BOOT_PLUGIN + "<plugin><artifactId>jib-maven-plugin</artifactId></plugin>"
    assert "not by the Jib plugin" in build(tmp_path, {"pom.xml": pom(plugin=plugin), **SOURCES}).assumptions


def test_gradle_runs_by_its_wrapper_on_the_java_of_its_toolchain(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "build.gradle": boot("21"),
            "settings.gradle": "rootProject.name = 'shop'\n",
            "gradlew": SCRIPT,
            "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://x/gradle-8.10.2-bin.zip\n",
            **SOURCES,
        },
    )
    assert built.step("test").script.endswith("./gradlew test\n")
    assert "jdk21" in built.step("test").image
    assert built.step("test").env["GRADLE_USER_HOME"] == "/builder/home/.gradle"
    assert "COPY --from=build /src/build/libs/shop-0.1.jar build/libs/shop-0.1.jar" in built.dockerfile
    assert 'CMD ["java", "-jar", "build/libs/shop-0.1.jar"]' in built.dockerfile


def test_a_wrapper_without_its_script_gets_gradle_of_the_same_line_from_the_image(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "build.gradle": boot("17"),
            "settings.gradle": "rootProject.name = 'shop'\n",
            "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://x/gradle-7.4-bin.zip\n",
            **SOURCES,
        },
    )
    assert built.step("test").script.endswith("\ngradle test\n")
    assert built.step("test").image.startswith("gradle:7.6.4-jdk17@sha256:")
    assert "wrapper without its script" in built.assumptions


def test_gradle_9_itself_gets_java_17_where_the_code_asks_for_less(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "build.gradle": boot().replace(
                "java { toolchain { languageVersion = JavaLanguageVersion.of(17) } }", "sourceCompatibility = '11'"
            ),
            "gradlew": SCRIPT,
            "gradle/wrapper/gradle-wrapper.properties": "distributionUrl=https\\://x/gradle-9.1.0-bin.zip\n",
            **SOURCES,
        },
    )
    assert "jdk17" in built.step("test").image
    assert final_stage(built)[0].startswith("FROM eclipse-temurin:11")


def test_an_installed_distribution_is_copied_with_its_start_script(tmp_path: Path):
    built = build(
        tmp_path,
        {
            "build.gradle.kts": KTOR,
            "settings.gradle.kts": 'rootProject.name = "chat"\n',
            "gradlew": SCRIPT,
            "src/main/kotlin/Main.kt": "fun main() { embeddedServer(Netty, port = 8080) }\n",
            "src/test/kotlin/MainTest.kt": "class MainTest\n",
        },
    )
    assert "COPY --from=build /src/build/install/chat build/install/chat" in built.dockerfile
    assert 'CMD ["build/install/chat/bin/chat"]' in built.dockerfile
    assert "installDist" in built.dockerfile


def test_a_procfile_with_variables_keeps_its_shell_and_gets_its_signals(tmp_path: Path):
    start = "java -Dserver.port=$PORT -jar target/shop-1.0.jar"
    built = build(tmp_path, {"pom.xml": pom(), "Procfile": f"web: {start}\n", **SOURCES})
    assert f'CMD ["/bin/sh", "-c", "exec {start}"]' in built.dockerfile
    assert "COPY --from=build /src/target/shop-1.0.jar target/shop-1.0.jar" in built.dockerfile


def test_tests_that_start_containers_are_said(tmp_path: Path):
    files = {**SOURCES, "src/test/java/a/DbTest.java": "import org.testcontainers.containers.PostgreSQLContainer;\n"}
    assert "Testcontainers" in build(tmp_path, {"pom.xml": pom(), **files}).assumptions


def test_a_dockerfile_of_the_repository_is_left_alone(tmp_path: Path):
    built = build(tmp_path, {"pom.xml": pom(), "Dockerfile": "FROM eclipse-temurin:17\nCMD ['x']\n", **SOURCES})
    assert "Dockerfile" not in built.files
    assert built.step("image").env["DOCKERFILE"] == "Dockerfile"


def test_java_services_get_the_memory_that_a_jvm_needs(tmp_path: Path):
    runtime = build(tmp_path, {"pom.xml": pom(), **SOURCES}).spec.services[0].runtime
    assert (runtime.cpu, runtime.memory) == ("1", "1Gi")
