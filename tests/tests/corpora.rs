//! The seeds of every fuzz target and what a fuzzer once found, without a fuzzer: what each target
//! promises holds for all of them. docs/contributing.md, "Fuzzing", says how to look for more.

#[path = "../fuzz/src/lib.rs"]
#[expect(unreachable_pub, reason = "it is the library of the fuzz targets, read in")]
#[allow(dead_code, reason = "the targets themselves use all of it")]
mod fuzz;

use fuzz::{TARGETS, seeds};

/// Fewer seeds than this, and a folder or a file of the project was moved away from under them.
const SEEDS_MIN: usize = 4;

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of that name");
    let seeds = (target.seeds)();
    assert!(seeds.len() >= SEEDS_MIN, "{} seeds of {name}", seeds.len());
    for seed in &seeds {
        (target.check)(seed);
    }
    // Without a fuzzer more can be tried all the same: as many tapes as are asked for.
    let more = std::env::var("LINEAL_TAPES").ok().and_then(|count| count.parse().ok());
    for number in 0..more.unwrap_or(0_u32) {
        (target.check)(&seeds::tape(1_000 + number, 8 + number as usize % 200));
    }
    for (path, bytes) in seeds::found(name) {
        // Where a check fails, this line of the test's output is the last one.
        println!("{}", path.display());
        (target.check)(&bytes);
    }
}

macro_rules! replayed {
    ($($target:ident: $promise:ident;)*) => {
        $(
            #[test]
            fn $promise() {
                replay(stringify!($target));
            }
        )*

        #[test]
        fn every_target_is_replayed_and_every_find_belongs_to_one() {
            let replayed = [$(stringify!($target)),*];
            assert_eq!(TARGETS.map(|target| target.name), replayed);
            let all = seeds::found("").len();
            let owned: usize = replayed.iter().map(|name| seeds::found(name).len()).sum();
            assert_eq!(all, owned, "a find lies in a folder that is named as no target");
        }
    };
}

replayed! {
    ask: any_text_is_asked_alike_with_both_plans;
    containers: any_edit_of_a_container_that_the_log_vouches_for_reads_or_is_refused;
    documents: any_edit_of_a_document_is_read_in_part_or_refused_and_leaves_a_sound_store;
    exports: any_edit_of_an_export_leaves_a_sound_store;
    index_files: any_edit_of_a_derived_file_misleads_nobody;
    intake: any_body_that_is_brought_live_is_refused_or_becomes_lines_that_are_read;
    journals: any_edit_of_a_journal_is_told;
    log_lines: any_bytes_are_a_log_file_whose_counts_add_up;
    mappings: any_text_is_refused_by_name_or_maps_lines;
    parse: any_text_prints_back_or_is_refused_at_its_place;
    pipeline: any_question_of_any_graph_is_answered_alike_with_both_plans;
    proofs: no_edit_of_what_strangers_are_given_shows_something_else;
    records: any_bytes_that_decode_encode_to_themselves;
    segments: any_edit_of_a_segment_is_found;
}
