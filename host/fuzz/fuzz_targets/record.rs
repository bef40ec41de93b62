#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| qkdpp_fuzz_targets::record::run(data));
