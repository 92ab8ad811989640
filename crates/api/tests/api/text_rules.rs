//! What titles and descriptions may be: refused exactly by the rules, and stored exactly as sent.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use crate::support::TestApi;
use crate::support::contract::{DOCUMENT, is_valid};

/// Whether a title is acceptable, written down once more and independently of the api.
fn title_is_acceptable(title: &str) -> bool {
    let trimmed = title.trim();
    (1..=200).contains(&trimmed.chars().count())
        && !trimmed
            .chars()
            .any(|character| is_refused(character) && character != '\t')
        && trimmed.chars().any(is_visible)
}

/// What a title that is accepted becomes.
fn stored(title: &str) -> String {
    title.trim().replace('\t', " ")
}

/// As the OpenAPI document has it, whose tables are of another library than the api's.
fn is_visible(character: char) -> bool {
    let schema = &DOCUMENT["components"]["schemas"]["TitleText"]["allOf"][1];
    is_valid(schema, &json!(character))
}

fn description_is_acceptable(description: &str) -> bool {
    description.chars().count() <= 4000
        && !description
            .chars()
            .any(|character| is_refused(character) && character != '\n' && character != '\t')
}

fn is_refused(character: char) -> bool {
    matches!(u32::from(character), 0..=0x1f | 0x7f..=0x9f | 0x202d | 0x202e)
}

fn accepts(schema: &str, value: &Value) -> bool {
    is_valid(&DOCUMENT["components"]["schemas"][schema], value)
}

/// Characters of every kind that matters: plain, wide, combining, white space, controls, overrides.
fn character() -> impl Strategy<Value = char> {
    prop_oneof![
        8 => any::<char>(),
        8 => prop::char::range(' ', '~'),
        4 => select(vec![' ', '\u{85}', '\u{a0}', '\u{2003}', '\u{2028}', '\u{3000}', '\u{feff}', '\u{200b}']),
        2 => select(vec!['\u{202a}', '\u{202b}', '\u{202c}', '\u{2066}', '\u{2069}', '\u{200f}', '\u{ad}']),
        1 => select(vec!['\0', '\t', '\n', '\r', '\u{1b}', '\u{7f}', '\u{9f}', '\u{202d}', '\u{202e}']),
    ]
}

/// Texts around the limits as well as short ones.
fn text(limit: usize) -> impl Strategy<Value = String> {
    let length = prop_oneof![4 => 0..=12_usize, 1 => limit - 2..=limit + 2];
    let rare = length
        .clone()
        .prop_flat_map(|length| vec(character(), length));
    let plain = length.prop_flat_map(|length| {
        vec(
            prop_oneof![prop::char::range('!', '~'), select(vec!['é', '牛', '😀'])],
            length,
        )
    });
    let text = prop_oneof![rare, plain].prop_map(String::from_iter);
    let margin = || select(vec!["", "", " ", "\u{3000}\t", "\n\u{85}"]);
    (margin(), text, margin()).prop_map(|(before, text, after)| format!("{before}{text}{after}"))
}

/// Runs `check` on generated texts, within the asynchronous test.
async fn check_all<T: std::fmt::Debug + Clone>(
    cases: u32,
    texts: impl Strategy<Value = T>,
    check: impl AsyncFn(T) -> Result<(), String>,
) {
    // Shrinking needs a synchronous test; what fails is told whole instead.
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    for _ in 0..cases {
        let text = texts.new_tree(&mut runner).unwrap().current();
        if let Err(why) = check(text.clone()).await {
            panic!("{}", TestCaseError::fail(format!("{why}: {text:?}")));
        }
    }
}

#[actix_web::test]
async fn a_task_is_refused_exactly_by_the_rules_and_stored_as_sent() {
    let api = TestApi::start().await;
    check_all(
        400,
        (text(200), text(4000)),
        async |(title, description)| {
            let new = json!({"title": title, "description": description});
            let acceptable = title_is_acceptable(&title) && description_is_acceptable(&description);
            if accepts("NewTask", &new) != acceptable {
                return Err(format!("the schema says {}", !acceptable));
            }
            let answer = api.post("/api/tasks").json(&new).send().await;
            if !acceptable {
                let mut expected = Vec::new();
                if !title_is_acceptable(&title) {
                    expected.push("#/title");
                }
                if !description_is_acceptable(&description) {
                    expected.push("#/description");
                }
                return same(answer.faults(), expected);
            }
            let stored = api
                .get(answer.expect(201).header("location"))
                .send()
                .await
                .json();
            same(stored["title"].as_str(), Some(&*self::stored(&title)))?;
            same(stored["description"].as_str(), Some(description.as_str()))
        },
    )
    .await;
}

#[actix_web::test]
async fn a_change_follows_the_same_rules() {
    let api = TestApi::start().await;
    let path = api.add_path("Buy milk").await;
    check_all(
        200,
        (text(200), text(4000)),
        async |(title, description)| {
            for (field, text, acceptable, stored) in [
                (
                    "title",
                    &title,
                    title_is_acceptable(&title),
                    &stored(&title),
                ),
                (
                    "description",
                    &description,
                    description_is_acceptable(&description),
                    &description,
                ),
            ] {
                let change = json!({field: text});
                if accepts("TaskChanges", &change) != acceptable {
                    return Err(format!("the schema says {}", !acceptable));
                }
                let answer = api.patch(&path).json(&change).send().await;
                if acceptable {
                    same(answer.expect(200).json()[field].as_str(), Some(stored))?;
                } else {
                    same(answer.faults(), vec![format!("#/{field}")])?;
                }
            }
            Ok(())
        },
    )
    .await;
}

fn same<A: PartialEq<B> + std::fmt::Debug, B: std::fmt::Debug>(
    found: A,
    expected: B,
) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{found:?} instead of {expected:?}"))
    }
}

#[actix_web::test]
async fn every_control_character_and_override_is_refused_by_name() {
    let api = TestApi::start().await;
    let refused = (0..=0x2100_u32)
        .filter_map(char::from_u32)
        .filter(|&character| is_refused(character) && character != '\t');
    for character in refused {
        let new =
            json!({"title": format!("a{character}b"), "description": format!("a{character}b")});
        let answer = api.post("/api/tasks").json(&new).send().await;
        let problem = answer.problem(422, "validation");
        let name = format!("U+{:04X}", u32::from(character));
        let errors = problem["errors"].as_array().unwrap();
        let expected = if character == '\n' { 1 } else { 2 };
        assert_eq!(errors.len(), expected, "{name}");
        let told = format!("character 2 is {name}.");
        for error in errors {
            assert!(
                error["detail"].as_str().unwrap().ends_with(&told),
                "{problem}"
            );
        }
    }
    assert_eq!(api.store.count(), 0);
}

#[actix_web::test]
async fn a_title_that_nobody_can_see_is_refused_also_by_the_schema() {
    let api = TestApi::start().await;
    let path = api.add_path("seen").await;
    for blank in [
        "\u{200b}",
        "\u{feff}",
        "\u{2800}",
        "\u{115f}",
        "\u{3164}",
        "\u{ad}",
        "\u{200d}",
        "\u{200e}",
        "\u{2060}",
        "\u{fffc}",
        "\u{301}",
        "\u{200b} \u{feff}",
    ] {
        let new = json!({"title": blank});
        assert!(!accepts("NewTask", &new) && !accepts("TaskChanges", &new));
        let made = api.post("/api/tasks").json(&new).send().await;
        let problem = made.problem(422, "validation");
        let detail = problem["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("can be seen"), "{detail}");
        let changed = api.patch(&path).json(&new).send().await;
        assert_eq!(changed.faults(), ["#/title"]);
    }
    assert_eq!(api.titles().await, ["seen"]);
}

#[actix_web::test]
async fn tabs_in_a_title_become_spaces() {
    let api = TestApi::start().await;
    let new = json!({"title": "\tmilk\t2\t", "description": "a\tb"});
    let made = api.post("/api/tasks").json(&new).send().await.expect(201);
    assert_eq!(made.json()["title"], "milk 2");
    assert_eq!(made.json()["description"], "a\tb");
}

#[actix_web::test]
async fn lengths_are_counted_in_characters_not_in_bytes() {
    let api = TestApi::start().await;
    for (unit, limit, field) in [
        ("😀", 200, "title"),
        ("e\u{301}", 100, "title"),
        ("牛", 4000, "description"),
    ] {
        for (many, status) in [(limit, 201), (limit + 1, 422)] {
            let mut new = json!({"title": "Buy milk"});
            new[field] = json!(unit.repeat(many));
            let answer = api.post("/api/tasks").json(&new).send().await;
            assert_eq!(answer.status, status, "{many} times {unit}");
        }
    }
}

#[actix_web::test]
async fn texts_with_a_meaning_elsewhere_are_stored_as_they_are() {
    let api = TestApi::start().await;
    for text in [
        "'; DROP TABLE tasks; --",
        "<script>alert(1)</script>",
        "%00 \\u0000 \\x00 &#0;",
        "{{ title }} {% raw %}",
        "null",
        "\u{feff}with a byte order mark",
        "a\u{200d}b\u{fe0f}",
        "مرحبا \u{2067}isolated\u{2069}",
    ] {
        let new = json!({"title": text, "description": text});
        let task = api
            .post("/api/tasks")
            .json(&new)
            .send()
            .await
            .expect(201)
            .json();
        assert_eq!(task["title"], text);
        let stored = api
            .get(&format!("/api/tasks/{}", task["id"]))
            .send()
            .await
            .json();
        assert_eq!(
            (&stored["title"], &stored["description"]),
            (&json!(text), &json!(text))
        );
    }
}
