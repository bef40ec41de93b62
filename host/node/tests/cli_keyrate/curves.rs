//! Key rates of a link against distance and block size, and the best settings of its source.

use std::fs;

use serde_json::{Value, json};

use crate::desk::{Desk, assert_says};

/// Lim et al. 2014, floor(ℓ) with f = 1.16, ε_sec = 1e-10, ε_cor = 1e-15: n from 1e4 to 1e9, 0 to 150 km in steps of 25.
const PUBLISHED: [[u64; 7]; 6] = [
    [1769, 1687, 1604, 1387, 747, 0, 0],
    [23_660, 22_753, 22_128, 20_985, 17_647, 8066, 0],
    [264_667, 254_347, 248_759, 239_774, 214_811, 141_510, 11_469],
    [2_839_469, 2_732_881, 2_679_484, 2_601_810, 2_388_087, 1_813_870, 768_916],
    [28_937_170, 27_867_146, 27_351_381, 26_638_063, 24_700_094, 19_696_607, 11_034_098],
    [288_190_558, 277_495_867, 272_436_349, 265_557_969, 248_057_632, 201_892_423, 132_762_334],
];

const LIM: &str = "--config lim-2014 --sifted-bits 1e4,1e5,1e6,1e7,1e8,1e9";

fn points(answer: &Value) -> &[Value] {
    answer["points"].as_array().expect("points")
}

#[test]
fn a_sweep_reproduces_the_published_key_lengths() {
    let desk = Desk::new();
    let answer = desk.json(&format!("keyrate sweep {LIM} --distance 0..150:25 --as-published --json"));
    assert_eq!((&answer["proof"], &answer["rigorous"]), (&json!("lim-2014"), &json!(false)));
    let lengths: Vec<u64> =
        points(&answer).iter().map(|point| point["secret_bits"].as_u64().expect("a length")).collect();
    assert_eq!(lengths, PUBLISHED.concat());
    for point in points(&answer) {
        assert_eq!(point["secret_bits"] == 0, point["no_key"].is_string(), "{point}");
    }
}

#[test]
fn a_sweep_writes_a_table_and_a_plot() {
    let desk = Desk::new();
    let text = desk.text(&format!("keyrate sweep {LIM} --distance 0..150:5 --as-published --out rates"));
    assert_says(&text, &["not proved", "f = 1.16", "secret bits", "2,388,087", "rates/keyrate.svg"]);
    let csv = fs::read_to_string(desk.path("rates/keyrate.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 31 * 6);
    assert_says(&csv, &["distance_km,sifted_bits,slots,qber", "\n100,10000001,"]);
    let columns = csv.lines().next().unwrap().split(',').count();
    assert!(csv.lines().all(|line| line.split(',').count() == columns));
    let svg = fs::read_to_string(desk.path("rates/keyrate.svg")).unwrap();
    assert_says(
        &svg,
        &["fibre length (km)", "bits per pulse", "10⁴ sifted bits", "10⁹ sifted bits", "lim-2014"],
    );
}

#[test]
fn without_distances_the_rate_is_drawn_against_block_size() {
    let desk = Desk::new();
    desk.text("keyrate sweep --config fibre-50km --slots 1e8,1e9,1e10 --out rates");
    let svg = fs::read_to_string(desk.path("rates/keyrate.svg")).unwrap();
    assert_says(&svg, &["block size (slots)", "10⁸", "10¹⁰"]);
    // One point is no curve.
    desk.text("keyrate sweep --config satellite-pass --out pass");
    assert!(desk.path("pass/keyrate.csv").exists() && !desk.path("pass/keyrate.svg").exists());
}

/// The key of a block of the profile; a longer fibre, a shorter block and a worse code each give less.
#[test]
fn rates_fall_with_distance_with_f_and_with_shorter_blocks() {
    let desk = Desk::new();
    let rate = |options: &str| {
        let answer = desk.json(&format!("keyrate sweep --config bbm92-50km --json {options}"));
        points(&answer)[0]["secret_bits_per_second"].as_f64().expect("a rate")
    };
    let own = rate("");
    assert!((5e3..8e3).contains(&own), "{own}");
    assert!(rate("--distance 30") < own && rate("--slots 5e9") < own && rate("--f 1.3") < own);
    let other_proof = rate("--proof {name=\"tlgr-2012\",eps_sec=1e-9,eps_cor=1e-15}");
    assert!(other_proof < own && other_proof > 0.9 * own, "{other_proof}");
}

#[test]
fn an_optimum_repeats_with_its_seed_and_holds_when_it_is_put_into_a_config() {
    let desk = Desk::new();
    let line = "keyrate optimise --config fibre-50km --distance 80 --json --seed";
    let (first, second) = (desk.json(&format!("{line} 7")), desk.json(&format!("{line} 7")));
    assert_eq!(first, second);
    let best = &points(&first)[0];
    let rate = |point: &Value| point["secret_bits_per_slot"].as_f64().expect("a rate");
    let other = desk.json(&format!("{line} 8"));
    assert!((rate(&points(&other)[0]) / rate(best) - 1.0).abs() < 1e-3, "another seed, another optimum");

    let config =
        fs::read_to_string(format!("{}/../channel/presets/fibre-50km.toml", env!("CARGO_MANIFEST_DIR")))
            .unwrap()
            .replace("[0.43, 0.20, 2e-4]", &best["settings"]["intensities"].to_string())
            .replace("[0.41, 0.45, 0.14]", &best["settings"]["probabilities"].to_string())
            .replace("= 0.87", &format!("= {}", best["settings"]["key_basis_probability"]));
    desk.write("best.toml", config);
    let swept = desk.json("keyrate sweep --config best.toml --distance 80 --json");
    assert_eq!(points(&swept)[0]["secret_bits"], best["secret_bits"]);
    let preset = desk.json("keyrate sweep --config fibre-50km --distance 80 --json");
    assert!(rate(best) > rate(&points(&preset)[0]));
}

#[test]
fn where_there_is_no_key_there_are_no_best_settings() {
    let desk = Desk::new();
    let answer = desk.json("keyrate optimise --config fibre-50km --distance 50,400 --json");
    let [near, far] = points(&answer) else { panic!("{answer}") };
    assert!(near["settings"].is_object() && near["secret_bits"].as_u64() > Some(0));
    assert!(far["settings"].is_null() && far["secret_bits"] == 0, "{far}");
    let text = desk.text("keyrate optimise --config fibre-50km --distance 50,400 --out best");
    assert_says(&text, &["key_basis", "first point without a key"]);
    let csv = fs::read_to_string(desk.path("best/keyrate.csv")).unwrap();
    assert_says(&csv, &["mu1,mu2,mu3,p1,p2,p3,key_basis\n", ",,,,,,\n"]);
}

#[test]
fn what_cannot_be_swept_is_named() {
    let desk = Desk::new();
    let error = |options: &str| desk.error(&format!("keyrate sweep {options}"));
    assert_says(&error("--config fibre-51km"), &["fibre-51km", "fibre-50km"]);
    assert_says(&error("--config sifted-pair"), &["no [link] table"]);
    assert_says(&error("--config satellite-pass --distance 5"), &["satellite-pass", "no fibre"]);
    assert_says(&error("--config fibre-50km --distance 5..1:1"), &["5..1:1"]);
    assert_says(&error("--config fibre-50km --distance 1..5"), &["FROM..TO:STEP"]);
    assert_says(&error("--config fibre-50km --slots 1e9 --sifted-bits 1e6"), &["--sifted-bits", "--slots"]);
    assert_says(&error("--config fibre-50km --slots 0"), &["1 to 9e15"]);
    assert_says(&error("--config fibre-50km --f 0.9"), &["0.9", "Shannon"]);
    assert_says(&error("--config fibre-50km --as-published"), &["eur-variable-2024", "lim-2014"]);
    assert_says(
        &error("--config fibre-50km --proof {name=\"rusca-2018\",eps_sec=1e-9,eps_cor=1e-15}"),
        &["fibre-50km", "intensities is 3"],
    );
    assert_says(&error("--config fibre-50km --proof {name=\"lim-2014\"}"), &["eps_sec"]);
}

#[test]
fn settings_for_block_sizes_must_fit_the_link() {
    let desk = Desk::new();
    let preset =
        fs::read_to_string(format!("{}/../channel/presets/lim-2014.toml", env!("CARGO_MANIFEST_DIR")))
            .unwrap();
    let with = |good: &str, bad: &str| {
        assert!(preset.contains(good), "{good}");
        desk.write("bad.toml", preset.replacen(good, bad, 1));
        desk.error("keyrate sweep --config bad.toml")
    };
    assert_says(&with("[0.03, 0.55, 0.42]", "[0.03, 0.55, 0.41]"), &["10000 sifted bits", "sum"]);
    assert_says(&with("[0.50, 0.09, 2e-4]", "[0.50, 0.09]"), &["10000 sifted bits", "probabilities"]);
    assert_says(&with("sifted_bits = 1e4", "sifted_bits = 0.0"), &["0 sifted bits", "1 or more"]);
    assert_says(&with("sifted_bits = 1e4", "bits = 1e4"), &["unknown field `bits`"]);
}
