//! Base64 in its one spelling (RFC 4648, section 4, padded, no line ends).

use data_encoding::BASE64;

/// The bytes of a text. The library also takes padded pieces one behind another, so that a proof or a note would
/// have more than one spelling: here padding stands at the end alone.
///
/// None for anything else.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let (pieces, _) = text.split_at(text.len().saturating_sub(2));
    if pieces.contains(&b'=') { None } else { BASE64.decode(text).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_one_text() {
        for length in 0..9 {
            let bytes: Vec<u8> = (0..length).collect();
            let text = BASE64.encode(&bytes);
            assert_eq!(decode(text.as_bytes()), Some(bytes));
        }
        // Two pieces, each with padding: the same four bytes as `AAECAw==`.
        assert_eq!(BASE64.decode(b"AA==AQID"), Ok(vec![0, 1, 2, 3]));
        for other in ["AA==AQID", "AAE=AgM=", "AA=A", "AB==", "AAECAw", "AAEC\n", "=", "===="] {
            assert_eq!(decode(other.as_bytes()), None, "{other}");
        }
    }
}
