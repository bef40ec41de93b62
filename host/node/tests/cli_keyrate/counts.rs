//! The length of a key by the counts of its block.

use serde_json::{Value, json};

use crate::desk::{Desk, assert_says};

fn h(x: f64) -> f64 {
    -x * x.log2() - (1.0 - x) * (1.0 - x).log2()
}

/// Counts of 1e7 detections over 100 km (Lim et al. 2014), with the numbers in `parameters` beside them.
fn ten_million(parameters: &Value) -> String {
    let mut object = json!({
        "mu": [0.43, 0.20, 2e-4], "p": [0.41, 0.45, 0.14],
        "n_key": [6_608_097, 3_384_576, 7328], "m_key": [167_603, 90_969, 3166],
        "n_test": [147_545, 75_571, 164], "m_test": [3742, 2031, 71],
        "leak": 2_027_967.373,
    });
    object.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    object.to_string()
}

#[test]
fn keyrate_reproduces_the_published_key_length() {
    let desk = Desk::new();
    let parameters = json!({ "eps_sec": 1e-10, "eps_cor": 1e-15, "sampling": "as-published" });
    desk.write("counts.json", ten_million(&parameters));
    let answer = desk.json("keyrate --proof lim-2014 --input counts.json --json");
    assert_eq!(answer["ell"], 2_388_087);
    assert_eq!(answer["rigorous"], false);
    let bounds = &answer["bounds"];
    for (name, want) in [("tau0", 0.775_109_570_5), ("s_K1", 6_444_306.36), ("v_T1", 5_904.410_257)] {
        let got = bounds[name].as_f64().unwrap_or_else(|| panic!("no {name} in {bounds}"));
        assert!((got - want).abs() / want < 1e-8, "{name} = {got}, not {want}");
    }
    let text = desk.text("keyrate --proof lim-2014 --input counts.json");
    assert_says(&text, &["2388087 bits", "s_K1", "not proved"]);
}

#[test]
fn keyrate_evaluates_proofs_with_other_epsilons() {
    let desk = Desk::new();
    let epsilons = ["eps_d", "eps_a", "eps_b", "eps_c", "eps_pa", "eps_ev"];
    let mut counts = json!({
        "mu": [0.455, 0.155, 2e-4], "p": [0.77, 0.17, 0.06],
        "n_key": [929_502_847, 70_274_831, 222_322], "m_key": [23_507_809, 1_946_283, 96_044],
        "n_test": [4_492_150, 339_628, 1074], "m_test": [113_610, 9406, 464],
        "leak": 1.16 * 1e9 * h(25_550_136.0 / 1e9),
    });
    for epsilon in epsilons {
        counts[epsilon] = json!(1e-12);
    }
    desk.write("counts.json", counts.to_string());
    let answer = desk.json("keyrate --proof eur-variable-2024 --input counts.json --json");
    assert_eq!(answer["ell"], 184_109_713);
    assert_eq!(answer["no_key"], Value::Null);
}

/// A single-photon block of 1e5 key bits and 1e4 test bits at 2 %.
fn single_photons(leak: f64) -> Value {
    json!({
        "n_key": [100_000], "m_key": [2000], "n_test": [10_000], "m_test": [200], "leak": leak,
        "eps_sec": 1e-10, "eps_cor": 1e-15,
    })
}

#[test]
fn keyrate_needs_no_intensities_for_single_photons() {
    let desk = Desk::new();
    desk.write("counts.json", single_photons(1.16 * 1e5 * h(0.02)).to_string());
    for (proof, ell) in [("tl-2017", 46_466), ("tlgr-2012", 46_206)] {
        let answer = desk.json(&format!("keyrate --proof {proof} --input counts.json --json"));
        assert_eq!(answer["ell"], ell);
    }
}

#[test]
fn keyrate_says_why_there_is_no_key() {
    let desk = Desk::new();
    desk.write("counts.json", single_photons(90_000.0).to_string());
    let answer = desk.json("keyrate --proof tl-2017 --input counts.json --json");
    assert_eq!(answer["ell"], 0);
    assert_says(answer["no_key"].as_str().unwrap(), &["entropy", "90000.0 were disclosed"]);
    let text = desk.text("keyrate --proof tl-2017 --input counts.json");
    assert_says(&text, &["ell", "0 bits", "no key", "no number of detections"]);
}

#[test]
fn keyrate_names_what_it_cannot_use() {
    let desk = Desk::new();
    let good = single_photons(16_000.0);
    let with = |key: &str, value: Value| {
        let mut counts = good.clone();
        counts[key] = value;
        desk.write("counts.json", counts.to_string());
        desk.error("keyrate --proof tl-2017 --input counts.json")
    };
    assert_says(&with("epsilon", json!(1e-9)), &["counts.json", "unknown field `epsilon`"]);
    assert_says(&with("name", json!("tlgr-2012")), &["unknown field `name`"]);
    assert_says(&with("m_key", json!([100_001])), &["m_key[0]", "100001", "at most"]);
    assert_says(&with("n_key", json!([-5])), &["-5"]);
    assert_says(&with("leak", json!(-1)), &["leak is -1"]);
    assert_says(&with("eps_sec", json!(0)), &["eps_sec is 0", "more than 0"]);
    assert_says(&with("mu", json!([0.5])), &["length of mu is 1"]);
    assert_says(&with("sampling", json!("kl")), &["unknown field `sampling`"]);

    let mut without = good.clone();
    without.as_object_mut().unwrap().remove("leak");
    desk.write("counts.json", without.to_string());
    assert_says(&desk.error("keyrate --proof tl-2017 --input counts.json"), &["missing field `leak`"]);
    desk.write("counts.json", good.to_string());
    assert_says(&desk.error("keyrate --proof tl-2018 --input counts.json"), &["tl-2018", "tl-2017"]);
    assert_says(&desk.error("keyrate --proof lim-2014 --input counts.json"), &["missing field `mu`"]);
    assert_says(&desk.error("keyrate --proof tl-2017 --input none.json"), &["none.json", "No such file"]);
    desk.write("counts.json", "[1, 2]");
    assert_says(&desk.error("keyrate --proof tl-2017 --input counts.json"), &["counts.json", "map"]);
}
