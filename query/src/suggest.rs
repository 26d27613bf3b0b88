//! "Did you mean": the nearest of some words by edit distance.

/// The candidate nearest to the word, if one is near enough to be meant. The first of equals wins,
/// so the answer depends on the order of the candidates only.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    // Half the letters of a short word make it another word: `run` is not `did`.
    let most = match length {
        0..=2 => 0,
        3..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let candidate_lower = candidate.to_lowercase();
        // Nor is a short one meant that begins otherwise: `MIT` is not `it`.
        if length <= 3 && candidate_lower.chars().next() != word.chars().next() {
            continue;
        }
        let distance = distance(&word, &candidate_lower);
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Those candidates that are near enough to be meant, the nearest first.
pub(crate) fn nearest_first<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let near = |candidate: &'a str| nearest(word, [candidate]);
    let mut out: Vec<&str> = candidates.into_iter().filter_map(near).collect();
    let word = word.to_lowercase();
    out.sort_by_key(|candidate| distance(&word, candidate));
    out.dedup();
    out
}

/// Edits from one word to another: letters put in, left out, changed, or two neighbours swapped.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = Vec::with_capacity(last.len());
        row.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut cost = last[j] + usize::from(x != y);
            cost = cost.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swapped_and_missing_letters_are_one_edit() {
        assert_eq!(distance("upsteam", "upstream"), 1);
        assert_eq!(distance("fidn", "find"), 1);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn only_near_words_are_suggested() {
        let words = ["find", "trace", "dataset"];
        assert_eq!(nearest("fnid", words), Some("find"));
        assert_eq!(nearest("dataste", words), Some("dataset"));
        assert_eq!(nearest("model", words), None);
        assert_eq!(nearest("xy", words), None);
    }
}
