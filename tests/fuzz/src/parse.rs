//! Any text is read into a tree that prints back to itself, or refused at a place within it.

use lineal_query::{Mistake, Query, layout, parse};

/// Checks one text.
pub fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let tree = match parse(&text) {
        Ok(tree) => tree,
        Err(mistake) => {
            assert!(layout(&text).is_err(), "what is not read is not laid out: {text:?}");
            return check_place(&text, &mistake);
        }
    };
    for printed in [tree.to_string(), format!("{tree:#}")] {
        match parse(&printed) {
            Ok(again) => assert_eq!(again, tree, "{text:?} prints as {printed:?}"),
            Err(mistake) => panic!("{text:?} prints as:\n{}", mistake.render(&printed)),
        }
    }
    let laid = layout(&text).expect("what is read can be laid out");
    assert_eq!(parse(&laid).as_ref(), Ok(&tree), "{text:?} laid out as {laid:?}");
    assert_eq!(layout(&laid).as_ref(), Ok(&laid), "{text:?} laid out twice");
    let query = Query::parse(&text).expect("it was read before");
    match (query.prepare(), query.prepare_naively()) {
        (Ok(planned), Ok(plain)) => {
            assert_eq!(planned.columns(), plain.columns(), "{text:?}");
            assert_eq!(planned.parameters(), plain.parameters(), "{text:?}");
        }
        (Err(planned), Err(plain)) => {
            assert_eq!(planned, plain, "{text:?}");
            check_place(&text, &planned);
        }
        _ => panic!("one plan binds, the other does not: {text:?}"),
    }
}

/// A mistake stands at whole characters of the text, and can be shown.
pub(crate) fn check_place(text: &str, mistake: &Mistake) {
    let span = mistake.span;
    assert!(text.get(span.at..span.end).is_some(), "{text:?} of {}: {mistake:?}", text.len());
    let shown = mistake.render(text);
    assert!(shown.contains('^') && shown.contains(mistake.code.name()), "{text:?}: {shown}");
    assert_eq!(mistake.to_json()["at"], span.at);
}
