//! What is offered where.

use super::*;

fn offered(text: &str) -> Vec<String> {
    let known = Completer {
        functions: vec!["now".to_owned(), "length".to_owned()],
        figures: vec!["count".to_owned()],
        sets: vec!["suspects".to_owned()],
        parameters: vec!["$hash".to_owned()],
        ..Completer::default()
    };
    known.candidates(text, text.len()).1
}

#[track_caller]
fn offers(text: &str, wanted: &[&str], unwanted: &[&str]) {
    let words = offered(text);
    for word in wanted {
        assert!(words.iter().any(|offer| offer == word), "`{text}` offers no {word}: {words:?}");
    }
    for word in unwanted {
        assert!(!words.iter().any(|offer| offer == word), "`{text}` offers {word}: {words:?}");
    }
}

#[test]
fn a_statement_begins_with_a_verb() {
    offers("", &["find", "trace", "show", "let"], &["model", "where"]);
    assert_eq!(offered("fi"), ["find"]);
    offers("find model; tr", &["trace"], &["trains"]);
    offers("let s = ", &["find"], &["model"]);
    offers("explain ", &["find", "trace"], &[]);
}

#[test]
fn after_find_stand_kinds() {
    offers("find ", &["model", "dataset", "root", "node"], &["where", "produced_by"]);
    assert_eq!(offered("find da"), ["dataset"]);
    assert_eq!(offered("find mo"), ["model", "monitor"]);
}

#[test]
fn relations_stand_in_the_direction_that_leaves_the_subject() {
    offers(
        "find model ",
        &["produced_by", "deployed_by", "upstream", "where"],
        &["produces", "trained_on"],
    );
    offers("find run as r ", &["produces", "trained_on"], &["produced_by", "trains"]);
    offers("find dataset ", &["trains", "source_of", "derived_from"], &["trained_on", "deploys"]);
    offers("find run as r produces model as m ", &["deployed_by"], &["produces", "trained_on"]);
    offers("find model:credit@3 ", &["produced_by"], &["produces"]);
    assert_eq!(offered("find inference ser"), ["served_by"]);
}

#[test]
fn a_relation_leads_to_the_kinds_that_it_joins() {
    assert_eq!(offered("find run trained_on "), ["dataset", "suspects"]);
    assert_eq!(offered("find model derived_from m"), ["model"], "both ends are of one kind");
    offers("find approval approves ", &["model", "deployment", "run"], &["actor", "code"]);
    offers("find run produces ", &["model", "dataset"], &["run"]);
}

#[test]
fn closures_take_their_modifiers_and_then_a_term() {
    assert_eq!(offered("find dataset upstream "), ["of", "via", "avoiding", "within"]);
    offers("find dataset upstream via ", &["training", "lineage", "trained_on"], &["model"]);
    offers("find dataset upstream via trained_on, ", &["derived_from"], &["model"]);
    offers(
        "find dataset upstream via training of ",
        &["model", "inference", "suspects"],
        &["find"],
    );
}

#[test]
fn conditions_know_the_fields_of_their_thing() {
    offers("find model where ", &["stage", "name", "not", "exists", "now("], &["started", "order"]);
    offers("find run where st", &["started", "status"], &["stage"]);
    offers("find run as r produces model as m where m.", &["stage"], &["started"]);
    offers("find run as r produces model as m where r.st", &["started"], &["stage"]);
    offers("find run as r produces model as m where ", &["r", "m"], &[]);
    offers("find model where stage ", &["in", "like", "and", "return"], &["model", "now("]);
    offers("find model where stage = \"x\" ", &["and", "order", "limit"], &["stage"]);
    offers("find model where not exists ", &["approval"], &["stage"]);
    offers("find model where not exists approval ", &["approves"], &["produces"]);
    offers("find inference where ", &["human_override", "decision", "input_hash"], &["stage"]);
    offers("find model as m, run as r where m ", &["produced_by"], &["produces"]);
}

#[test]
fn columns_figures_groups_and_order_have_their_words() {
    offers("find model as m return ", &["m", "stage", "length(", "distinct"], &["count(", "where"]);
    offers("find model as m return m ", &["as", "order"], &["stage"]);
    offers("find model as m return m, m.st", &["stage"], &[]);
    offers("find inference summarize ", &["count("], &[]);
    offers("find inference summarize count() as n ", &["by", "having"], &["where"]);
    offers("find inference summarize count() as n by ", &["decision", "now("], &["count("]);
    assert_eq!(offered("find model order "), ["by"]);
    offers("find model order by ", &["stage", "time"], &["by"]);
    offers("find model order by time ", &["asc", "desc", "limit"], &["stage"]);
    offers("find model format ", &["csv", "json", "table"], &["where"]);
    assert_eq!(offered("find model limit "), Vec::<String>::new());
    assert_eq!(offered("find model as o"), ["of"]);
}

#[test]
fn brackets_begin_anew_and_end_again() {
    offers("find model where it in (", &["find"], &[]);
    offers("find model where exists (find run ", &["produces"], &["produced_by"]);
    offers("find model where it in (find run where ", &["started"], &["stage"]);
    offers("find model where it in (find run) and ", &["stage"], &["started"]);
    offers("find (", &[], &["model"]);
}

#[test]
fn other_statements_have_theirs() {
    offers("show ", &["kinds", "fields", "limits"], &["model"]);
    assert_eq!(offered("show fields "), ["of"]);
    offers("show fields of ", &["model"], &["kinds"]);
    offers("trace model:a@3 ", &["to", "via"], &["produced_by"]);
    offers("trace model:a@3 to ", &["dataset"], &["to"]);
    offers("history ", &["of"], &["model"]);
    offers("diff model:a@1 ", &["with"], &["model"]);
}

#[test]
fn parameters_texts_and_comments_are_left_alone() {
    assert_eq!(offered("find dataset upstream of inference where x = $h"), ["$hash"]);
    assert_eq!(offered("find model where name = \"fi"), Vec::<String>::new());
    assert_eq!(offered("find model -- wh"), Vec::<String>::new());
}

#[test]
fn directives_complete_with_what_they_take() {
    assert_eq!(offered(".im"), [".imports"]);
    offers(".", &[".help", ".quit", ".export"], &["find"]);
    offers(".fields mo", &["model", "monitor"], &["run"]);
    offers(".format ", &["csv", "table", "auto"], &["model"]);
    offers(".limits ", &["edges", "seconds"], &[]);
}

#[test]
fn the_start_is_that_of_the_word() {
    let known = Completer::default();
    assert_eq!(known.candidates("find model ups", 14).0, 11);
    assert_eq!(known.candidates("find model", 7).0, 5, "the cursor may stand inside");
    assert_eq!(known.candidates(".fields mo", 10).0, 8);
    assert_eq!(known.candidates("find ", 5).0, 5);
}

/// The words that each example of the language reference goes on with are among those offered.
#[test]
fn what_the_reference_writes_is_offered() {
    let reference = include_str!("../../../../grammar/README.md");
    let known = with_functions();
    let mut words = 0;
    let mut faults = Vec::new();
    for block in reference.split("```lql\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        for question in block.split("\n\n") {
            for (at, piece) in pieces(question).iter().enumerate() {
                let before = question.get(..piece.at).unwrap_or_default();
                let previous = pieces(before).last().map(|last| last.text.to_owned());
                let is_given = match previous.as_deref() {
                    Some("as") => !piece.is("of"),
                    previous => previous == Some("let"),
                };
                if piece.form != Form::Word || is_given {
                    continue;
                }
                words += 1;
                let offers = known.candidates(before, before.len()).1;
                let call = format!("{}(", piece.text);
                if !offers.iter().any(|offer| piece.is(offer) || *offer == call) {
                    faults.push(format!("{before}[{}] ({at})", piece.text));
                }
            }
        }
    }
    assert!(words > 200, "{words} words: the examples are not read as they are written");
    assert!(faults.is_empty(), "{} of {words}:\n{}", faults.len(), faults.join("\n"));
}

fn with_functions() -> Completer {
    let functions = [
        "now",
        "active_at",
        "length",
        "nodes",
        "edges",
        "lower",
        "upper",
        "coalesce",
        "number",
        "kind",
        "id",
        "abs",
        "round",
        "is_nan",
        "hour",
        "day",
        "week",
        "month",
        "year",
    ];
    let figures = ["count", "count_if", "share", "sum", "avg", "min", "max", "p50", "p95", "p99"];
    Completer {
        functions: functions.map(str::to_owned).into(),
        figures: figures.map(str::to_owned).into(),
        ..Completer::default()
    }
}

#[test]
fn every_topic_is_one() {
    for topic in position::TOPICS {
        let text = if *topic == "fields" { "fields of run" } else { topic };
        assert!(lineal_query::Prepared::new(&format!("show {text}")).is_ok(), "{topic}");
    }
}

#[test]
fn the_columns_of_a_statement_are_those_of_its_answer() {
    let statements = [
        ("diff model:a@1 with model:a@2", position::DIFF_COLUMNS),
        ("history of model:a@1", position::HISTORY_COLUMNS),
        ("verify model:a@1", position::VERIFY_COLUMNS),
    ];
    for (text, offered) in statements {
        let prepared = lineal_query::Prepared::new(text).unwrap();
        let names: Vec<&str> = prepared.columns().iter().map(|column| &*column.name).collect();
        assert_eq!(names, offered, "{text}");
    }
}

#[test]
fn events_of_the_last_answer_are_offered_by_the_beginning_of_their_names() {
    let known = Completer {
        events: vec!["inference:sha256:12ab".to_owned(), "inference:sha256:99ff".to_owned()],
        ..Completer::default()
    };
    let offered = |text: &str| known.candidates(text, text.len()).1;
    assert_eq!(offered("trace inference:sha256:12"), ["inference:sha256:12ab"]);
    assert_eq!(offered("trace inference:").len(), 2);
    assert_eq!(offered("trace inference:sha256:77"), Vec::<String>::new());
}
