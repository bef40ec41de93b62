//! The wire format under random input: what is written is read, sizes are near the entropy, and no reader panics.

mod pair;

use pair::Random;
use proptest::prelude::*;
use qkdpp_kernels::Bits;
use qkdpp_protocol::ProtocolError;
use qkdpp_protocol::wire::codec::{Reader, Writer};
use qkdpp_protocol::wire::message::{
    Amplify, Corrected, Detections, Reconcile, Sifting, Verify, decode_bits, encode_bits,
};
use qkdpp_protocol::wire::{
    HEADER_LEN, Header, Kind, MAX_PAYLOAD, Role, TAGGED, TRAILER_LEN, message_len, positions,
};

const KINDS: [Kind; 15] = [
    Kind::Hello,
    Kind::Detections,
    Kind::Bases,
    Kind::Sifting,
    Kind::TestBits,
    Kind::Reconcile,
    Kind::Parities,
    Kind::Syndromes,
    Kind::Undecoded,
    Kind::Disclosure,
    Kind::Corrected,
    Kind::Verify,
    Kind::Verified,
    Kind::Amplify,
    Kind::Final,
];

fn bits(len: impl Strategy<Value = usize>) -> impl Strategy<Value = Bits> {
    len.prop_flat_map(|len| prop::collection::vec(any::<bool>(), len))
        .prop_map(|bits| bits.into_iter().collect())
}

/// Ascending positions and a limit above them.
fn ascending() -> impl Strategy<Value = (Vec<u32>, u32)> {
    let gaps = prop_oneof![
        prop::collection::vec(0_u32..20, 0..300),
        prop::collection::vec(0_u32..1 << 22, 0..100),
        prop::collection::vec(prop_oneof![Just(0), Just(1), 0_u32..1 << 29], 0..7),
    ];
    (gaps, prop_oneof![Just(1), 1_u32..1 << 16, Just(1 << 29)]).prop_map(|(gaps, room)| {
        let mut positions = Vec::with_capacity(gaps.len());
        let mut next = 0;
        for gap in gaps {
            positions.push(next + gap);
            next += gap + 1;
        }
        (positions, next.saturating_add(room - 1).max(next))
    })
}

fn header() -> impl Strategy<Value = Header> {
    let from = prop_oneof![Just(Role::Alice), Just(Role::Bob)];
    (from, 0..KINDS.len(), any::<[u8; 16]>(), any::<u64>(), any::<u64>(), any::<[u8; 32]>()).prop_map(
        |(from, kind, session, block, sequence, profile)| Header {
            from,
            kind: KINDS[kind],
            session,
            block,
            sequence,
            profile,
        },
    )
}

/// A message with a trailer where its kind has one.
fn framed(header: &Header, payload: &[u8]) -> Vec<u8> {
    let mut message = header.frame(payload);
    if header.kind.flags() & TAGGED != 0 {
        message.extend((0..TRAILER_LEN as u8).rev());
    }
    message
}

fn encoded(positions: &[u32], limit: u32) -> Vec<u8> {
    let mut writer = Writer::default();
    positions::write(&mut writer, positions, limit);
    writer.finish()
}

/// Runs every reader on `bytes`; the profile's and the block's numbers are `count` and `flag`.
fn read_everything(bytes: &[u8], count: usize, flag: bool, tag_bits: u32) {
    let _ = Header::parse(bytes, if flag { Role::Alice } else { Role::Bob });
    if let (Some(first), Some(slots)) = (bytes.first_chunk::<8>(), bytes.get(8..12)) {
        // For the batch the bytes name, so that they are read to their end.
        let slots = u32::from_le_bytes(slots.try_into().expect("four bytes"));
        let _ = Detections::decode(bytes, u64::from_le_bytes(*first), slots);
    }
    let _ = Sifting::decode(bytes, count, flag, !flag);
    let _ = Sifting::decode(bytes, count, flag, flag);
    let _ = Reconcile::decode(bytes);
    let _ = Corrected::decode(bytes, count, flag);
    let _ = Verify::decode(bytes, count, tag_bits);
    let _ = Amplify::decode(bytes);
    let _ = decode_bits(bytes, count);
    let _ = positions::read(&mut Reader::new(bytes), count, count as u32);
    if let Some(start) = bytes.first_chunk() {
        let _ = message_len(start);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn positions_come_back((positions, limit) in ascending()) {
        let bytes = encoded(&positions, limit);
        prop_assert_eq!(positions::read(&mut Reader::new(&bytes), positions.len(), limit), Ok(positions.clone()));
        // No byte is superfluous, and none may follow.
        let mut longer = bytes.clone();
        longer.push(0);
        prop_assert!(positions::read(&mut Reader::new(&longer), positions.len(), limit).is_err());
        let shorter = &bytes[..bytes.len() - 1];
        prop_assert!(positions::read(&mut Reader::new(shorter), positions.len(), limit).is_err());
        // No other bytes mean the same.
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1 << (at % 8);
            prop_assert_ne!(positions::read(&mut Reader::new(&other), positions.len(), limit), Ok(positions.clone()));
        }
    }

    #[test]
    fn detections_come_back((offsets, slots) in ascending(), first_slot in any::<u64>()) {
        let payload = Detections::encode(first_slot, slots, &offsets);
        prop_assert_eq!(Detections::decode(&payload, first_slot, slots), Ok(Detections { first_slot, slots, offsets }));
    }

    #[test]
    fn sifting_comes_back(
        matched in bits(0..300_usize),
        planes in any::<Option<u64>>(),
        sample_seed in any::<Option<[u8; 32]>>(),
        tested in 0.0..1.0,
    ) {
        let count = matched.count_ones();
        let plane = |seed: u64| (0..count).map(|index| seed >> (index % 64) & 1 == 1).collect::<Bits>();
        let sifting = Sifting {
            intensity: planes.map(|seed| [plane(seed), plane(!seed)]),
            sample_seed,
            test: plane(0x5a5a_1234).slice(0..(tested * count as f64) as usize),
            matched,
        };
        let (decoys, samples) = (sifting.intensity.is_some(), sample_seed.is_some());
        let decoded = Sifting::decode(&sifting.encode(), sifting.matched.len(), decoys, samples);
        prop_assert_eq!(decoded, Ok(sifting));
    }

    #[test]
    fn reconcile_comes_back(method in any::<u8>(), qber_ppm in 100_u32..=250_000, seed in any::<[u8; 32]>()) {
        let reconcile = Reconcile { method, qber_ppm, seed };
        prop_assert_eq!(Reconcile::decode(&reconcile.encode()), Ok(reconcile));
    }

    #[test]
    fn corrected_comes_back((list, len) in ascending(), alarm in any::<bool>(), listed in any::<bool>()) {
        let errors = list.len() as u64;
        let corrected = Corrected { errors, alarm, positions: listed.then_some(list) };
        let payload = corrected.encode(len as usize);
        prop_assert_eq!(Corrected::decode(&payload, len as usize, listed), Ok(corrected));
        prop_assert!(Corrected::decode(&payload, len as usize, !listed).is_err());
    }

    #[test]
    fn verify_comes_back(
        key in any::<u128>(),
        alarm in any::<bool>(),
        tags in prop::collection::vec(any::<u128>(), 0..20),
        tag_bits in 32_u32..=128,
    ) {
        let tags: Vec<u128> = tags.into_iter().map(|tag| tag & (u128::MAX >> (128 - tag_bits))).collect();
        let payload = Verify { key, alarm, tags: tags.clone() }.encode(tag_bits);
        prop_assert_eq!(payload.len(), 17 + tags.len() * tag_bits.div_ceil(8) as usize);
        let decoded = Verify::decode(&payload, tags.len(), tag_bits).expect("what was written");
        prop_assert!(decoded.key == key && decoded.alarm == alarm && decoded.tags == tags);
        prop_assert!(Verify::decode(&payload, tags.len() + 1, tag_bits).is_err());
        prop_assert!(tags.is_empty() || Verify::decode(&payload, tags.len() - 1, tag_bits).is_err());
        if !tags.is_empty() && !tag_bits.is_multiple_of(8) {
            let mut padded = payload;
            *padded.last_mut().expect("a tag") |= 0x80;
            prop_assert!(Verify::decode(&padded, tags.len(), tag_bits).is_err(), "padding of ones");
        }
    }

    #[test]
    fn amplify_comes_back(secret_bits in any::<u64>(), seed in bits(0..500_usize)) {
        let payload = Amplify { secret_bits, seed: seed.clone() }.encode();
        let decoded = Amplify::decode(&payload).expect("what was written");
        prop_assert!(decoded.secret_bits == secret_bits && decoded.seed == seed);
    }

    #[test]
    fn bits_come_back_and_nothing_else_reads_as_the_same(bits in bits(0..200_usize)) {
        let payload = encode_bits(&bits);
        prop_assert_eq!(payload.len(), bits.len().div_ceil(8));
        prop_assert_eq!(decode_bits(&payload, bits.len()), Ok(bits.clone()));
        prop_assert!(decode_bits(&payload, payload.len() * 8 + 1).is_err());
        if !bits.len().is_multiple_of(8) {
            let mut padded = payload;
            *padded.last_mut().expect("a byte") |= 0x80;
            prop_assert!(decode_bits(&padded, bits.len()).is_err());
        }
    }

    #[test]
    fn messages_come_back(header in header(), payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let message = framed(&header, &payload);
        let (parsed, inside, trailer) = Header::parse(&message, header.from).expect("what was framed");
        prop_assert_eq!((&parsed, inside), (&header, &payload[..]));
        prop_assert_eq!(trailer.is_some(), header.kind.flags() & TAGGED != 0);
        if let Some(trailer) = trailer {
            prop_assert_eq!(trailer.pad.to_le_bytes(), [23, 22, 21, 20, 19, 18, 17, 16]);
            prop_assert_eq!(trailer.tag.to_le_bytes().to_vec(), (0..16).rev().collect::<Vec<u8>>());
        }
        let start = message.first_chunk().expect("a header");
        prop_assert_eq!(message_len(start), Ok(message.len()));
        prop_assert!(Header::parse(&message, header.from.peer()).is_err());
        for len in 0..message.len() {
            prop_assert!(Header::parse(&message[..len], header.from).is_err(), "cut to {}", len);
        }
    }

    #[test]
    fn unknown_kinds_flags_and_versions_are_refused(header in header(), kind in any::<u8>(), flags in any::<u8>()) {
        let message = framed(&header, &[]);
        let with = |at: usize, value: u8| {
            let mut changed = message.clone();
            changed[at] = value;
            Header::parse(&changed, header.from).map(|(header, ..)| header.kind)
        };
        let known = KINDS.iter().find(|known| known.byte() == kind);
        match with(6, kind) {
            Ok(read) => prop_assert!(Some(&read) == known && read.flags() == header.kind.flags()),
            Err(ProtocolError::Kind(unknown)) => prop_assert!(unknown == kind && known.is_none()),
            Err(error) => prop_assert!(matches!(error, ProtocolError::Flags { .. }), "{error:?}"),
        }
        prop_assert_eq!(with(7, flags).is_ok(), flags == header.kind.flags());
        prop_assert_eq!(with(4, flags).is_ok(), flags == 1);
        prop_assert_eq!(with(5, flags).is_ok(), flags == header.from.byte());
    }

    #[test]
    fn no_reader_panics_on_random_bytes(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        count in 0..2_000_usize,
        flag in any::<bool>(),
        tag_bits in 32_u32..=128,
    ) {
        read_everything(&bytes, count, flag, tag_bits);
    }

    #[test]
    fn no_reader_panics_on_almost_valid_messages(
        (offsets, slots) in ascending(),
        header in header(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<Option<prop::sample::Index>>(),
        flag in any::<bool>(),
    ) {
        let seed: Bits = offsets.iter().map(|offset| offset & 1 == 1).collect();
        let payloads = [
            Detections::encode(1 << 40, slots, &offsets),
            Corrected { errors: offsets.len() as u64, alarm: true, positions: Some(offsets.clone()) }
                .encode(slots as usize),
            Sifting { matched: seed.clone(), intensity: None, sample_seed: Some([1; 32]), test: Bits::default() }.encode(),
            Amplify { secret_bits: 7, seed: seed.clone() }.encode(),
            Verify { key: 5, alarm: false, tags: vec![1; offsets.len()] }.encode(96),
        ];
        for payload in payloads {
            for mut bytes in [framed(&header, &payload), payload] {
                for (index, value) in &changes {
                    let at = index.index(bytes.len());
                    bytes[at] = *value;
                }
                if let Some(cut) = cut {
                    bytes.truncate(cut.index(bytes.len()));
                }
                for count in [offsets.len(), slots as usize] {
                    read_everything(&bytes, count, flag, 96);
                }
            }
        }
    }
}

#[test]
fn lengths_beyond_any_message_are_refused() {
    let mut start = [0; HEADER_LEN];
    start[..5].copy_from_slice(b"QKDP\x01");
    for (len, tagged, want) in [
        (0, 0, Ok(HEADER_LEN)),
        (MAX_PAYLOAD, 0, Ok(HEADER_LEN + MAX_PAYLOAD as usize)),
        (MAX_PAYLOAD, TAGGED, Ok(HEADER_LEN + MAX_PAYLOAD as usize + TRAILER_LEN)),
    ] {
        start[72..].copy_from_slice(&u32::to_le_bytes(len));
        start[7] = tagged;
        assert_eq!(message_len(&start), want);
    }
    for len in [MAX_PAYLOAD + 1, u32::MAX] {
        start[72..].copy_from_slice(&len.to_le_bytes());
        assert!(
            matches!(message_len(&start), Err(ProtocolError::Field { got, .. }) if got == u64::from(len))
        );
    }
    start[4] = 2;
    assert_eq!(message_len(&start), Err(ProtocolError::Version { want: 1, got: 2 }));
    start[0] = b'q';
    assert_eq!(message_len(&start), Err(ProtocolError::Magic { got: *b"qKDP" }));
}

/// h(p)/p, the least number of bits per position of a Bernoulli process.
fn floor(p: f64) -> f64 {
    -p.log2() - (1.0 - p) / p * (1.0 - p).log2()
}

#[test]
fn detections_take_hardly_more_than_their_entropy() {
    for p in [1e-4_f64, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.2, 0.3] {
        let limit = (50_000.0 / p) as u32;
        let mut random = Random::new(&format!("positions at {p}"));
        // Geometric gaps are quicker to draw than every slot.
        let gap = |unit: f64| ((1.0 - unit).ln() / (1.0 - p).ln()) as u32;
        let steps =
            std::iter::successors(Some(gap(random.unit())), |at| at.checked_add(1 + gap(random.unit())));
        let positions: Vec<u32> = steps.take_while(|&position| position < limit).collect();
        let bits = 8.0 * encoded(&positions, limit).len() as f64 / positions.len() as f64;
        let observed = positions.len() as f64 / f64::from(limit);
        eprintln!("p = {p}: {bits:.4} bits per position, h(p)/p = {:.4}", floor(observed));
        assert!((0.0..0.15).contains(&(bits - floor(observed))), "p = {p}");
    }
}
