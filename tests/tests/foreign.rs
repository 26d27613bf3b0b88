//! The readers that are not ours agree with what we say about the format.

use lineal_tests::foreign;

#[test]
fn the_second_reader_passes_its_own_checks() {
    let Some(python) = foreign::python("the second reader's own checks", &[]) else { return };
    let answer = foreign::run(&python, "self_check.py", ["--quiet"]).expect("python starts");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(!answer.stderr.contains("Ran 0 tests"), "{}", answer.stderr);
}
