//! JSON in its one form (RFC 8785), for what is signed: two programs that read the same values sign the
//! same bytes.

use serde_json::Value as Json;

/// A value that has no such form.
#[derive(Debug, thiserror::Error)]
#[error("this JSON has no canonical form (RFC 8785): {0}")]
pub struct NotCanonical(String);

/// The canonical bytes of a value. Numbers are those of double precision, as the RFC has them: a whole
/// number beyond 2^53 belongs into a text.
///
/// # Errors
/// [`NotCanonical`] if a number is beyond what a double can hold.
pub fn canonical(json: &Json) -> Result<Vec<u8>, NotCanonical> {
    serde_json_canonicalizer::to_vec(json).map_err(|error| NotCanonical(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        let json: Json = serde_json::from_str(text).unwrap();
        String::from_utf8(canonical(&json).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_rfc_has_the_bytes_of_the_rfc() {
        // Sections 3.2.2 to 3.2.4.
        let sample = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
                        \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}";
        assert_eq!(written(sample), expected);
    }

    #[test]
    fn members_are_sorted_by_the_units_of_utf_16() {
        // Section 3.2.3.
        let sample = r#"{
            "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
            "\u00f6": "Latin Small Letter O With Diaeresis"
        }"#;
        let json: Json = serde_json::from_str(&written(sample)).unwrap();
        let order: Vec<&str> =
            json.as_object().unwrap().values().filter_map(Json::as_str).collect();
        assert_eq!(
            order,
            [
                "Carriage Return",
                "One",
                "Control",
                "Latin Small Letter O With Diaeresis",
                "Euro Sign",
                "Emoji: Grinning Face",
                "Hebrew Letter Dalet With Dagesh",
            ]
        );
    }

    #[test]
    fn numbers_are_spelt_as_appendix_b_spells_them() {
        let samples: [(u64, &str); 24] = [
            (0x0000_0000_0000_0000, "0"),
            (0x8000_0000_0000_0000, "0"),
            (0x0000_0000_0000_0001, "5e-324"),
            (0x8000_0000_0000_0001, "-5e-324"),
            (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"),
            (0xffef_ffff_ffff_ffff, "-1.7976931348623157e+308"),
            (0x4340_0000_0000_0000, "9007199254740992"),
            (0xc340_0000_0000_0000, "-9007199254740992"),
            (0x4430_0000_0000_0000, "295147905179352830000"),
            (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
            (0x44b5_2d02_c7e1_4af6, "1e+23"),
            (0x44b5_2d02_c7e1_4af7, "1.0000000000000001e+23"),
            (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"),
            (0x444b_1ae4_d6e2_ef4f, "999999999999999900000"),
            (0x444b_1ae4_d6e2_ef50, "1e+21"),
            (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"),
            (0x3eb0_c6f7_a0b5_ed8d, "0.000001"),
            (0x41b3_de43_5555_5553, "333333333.3333332"),
            (0x41b3_de43_5555_5554, "333333333.33333325"),
            (0x41b3_de43_5555_5555, "333333333.3333333"),
            (0x41b3_de43_5555_5556, "333333333.3333334"),
            (0x41b3_de43_5555_5557, "333333333.33333343"),
            (0xbecb_f647_612f_3696, "-0.0000033333333333333333"),
            (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
        ];
        for (bits, expected) in samples {
            let json = serde_json::json!(f64::from_bits(bits));
            let found = String::from_utf8(canonical(&json).unwrap()).unwrap();
            assert_eq!(found, expected, "{bits:016x}");
        }
    }
}
