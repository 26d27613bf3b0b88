//! A retention policy that an operator writes: what is mistyped is an error, and no floor that is missing.

use lineal_evidence::retention::{Period, Policy};

fn policy(min: &str, max: &str) -> String {
    format!(
        "[policy]\nname = \"t\"\nversion = 1\n[[retention]]\nclass = \"inference-log\"\nmin = \"{min}\"\n\
         max = \"{max}\"\nanchor = \"event.at\"\nbasis = \"b\"\npurpose = \"p\"\nmax_basis = \"m\"\n"
    )
}

#[test]
fn a_period_that_was_mistyped_is_an_error_with_its_line() {
    let wrong =
        |text: &str| Policy::parse(text, "p.toml").map(drop).map_err(|error| error.to_string());
    for min in ["10 years", "six months", "6M", "P6", "-P6M", ""] {
        let told = wrong(&policy(min, "P1D")).unwrap_err();
        assert!(told.contains("p.toml") && told.contains("line 6: `min = "), "{min}: {told}");
    }
    assert!(wrong(&policy("P6M", "a year")).unwrap_err().contains("line 7: `max = \"a year\"`"));
    for lacking in ["purpose = \"p\"\n", "max_basis = \"m\"\n"] {
        let told = wrong(&policy("P6M", "P1Y").replace(lacking, "")).unwrap_err();
        assert!(told.contains("line 7") && told.contains("needs a `purpose`"), "{told}");
    }
    assert_eq!(wrong(&policy("P6M", "P1Y")), Ok(()));
    for words in ["BY-SECTOR-LAW", "REQUIRED"] {
        let read = Policy::parse(&policy(words, "P1D"), "p.toml").unwrap();
        let class = read.class("inference-log").unwrap();
        assert!(matches!(class.max, Period::Span(..)) && !class.has_floor_in_time(), "{words}");
        assert!(class.findings[0].contains("nothing of the class is due"), "{:?}", class.findings);
    }
}
