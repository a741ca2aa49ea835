//! What a contract says of values decides what is copied, into the memory of a module and back.

use std::ffi::c_void;

use hotpatch_module::abi::ModuleVersion;
use hotpatch_module::{CallErrorKind, Contract, ContractFunction, ErrorKind, Limits, Output, Part, Sink};

use crate::wat::{Folder, Wat};
use crate::{function, host};

/// What `Ledger` takes in the host. In the sandbox the pointers are of 32 bits: `rate` at 0, `order` at 4, `prices` at 8, its
/// count at 12, `weight` at 16.
#[repr(C)]
struct Input<'a> {
    rate: u16,
    order: &'a Order,
    prices: *const u64,
    count: usize,
    weight: u64,
}

#[repr(C)]
struct Order {
    amount: u32,
    discount: i16,
}

#[repr(C)]
struct Reply {
    sink: Sink,
    value: u32,
}

static LEDGER: Contract = Contract {
    name: "Ledger",
    version: ModuleVersion::new(1, 0, 0),
    functions: &[
        ContractFunction {
            name: "total",
            shown: "fn total(rate: u16, order: &Order, prices: &[u64], weight: u64) -> u64",
            signature: 0x1234_5678_9abc_def0,
            layout: "",
            input: &[
                Part::Value {
                    offset: 0,
                    size: 2,
                    align: 2,
                },
                Part::Reference {
                    offset: 8,
                    size: 8,
                    align: 4,
                },
                Part::Slice {
                    offset: 16,
                    size: 8,
                    align: 8,
                },
                Part::Value {
                    offset: 32,
                    size: 8,
                    align: 8,
                },
            ],
            input_size: size_of::<Input<'static>>(),
            output: Output {
                size: 8,
                align: 8,
                bytes: false,
            },
        },
        ContractFunction {
            name: "names",
            shown: "fn names() -> Names",
            signature: 7,
            layout: "",
            input: &[],
            input_size: 0,
            output: Output {
                size: 4,
                align: 4,
                bytes: true,
            },
        },
    ],
};

const TOTAL: &str = "(local $sum i64) (local $at i32)
    ;; Each pointer is where its type may lie.
    (if (i32.rem_u (i32.load offset=8 (local.get $in)) (i32.const 8)) (then unreachable))
    (local.set $at (i32.load offset=8 (local.get $in)))
    (if (i32.load offset=12 (local.get $in)) (then
        (loop $next
            (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 8)))
            (br_if $next (i32.lt_u (local.get $at) (i32.add (i32.load offset=8 (local.get $in))
                (i32.mul (i32.const 8) (i32.load offset=12 (local.get $in)))))))))
    (local.set $sum (i64.mul (local.get $sum) (i64.load32_u (i32.load offset=4 (local.get $in)))))
    (local.set $sum (i64.add (local.get $sum) (i64.load16_s offset=4 (i32.load offset=4 (local.get $in)))))
    (local.set $sum (i64.mul (local.get $sum) (i64.load16_u (local.get $in))))
    (i64.store (local.get $out) (i64.add (local.get $sum) (i64.load offset=16 (local.get $in))))
    (i32.const 0)";

/// Gives back `red`, `green` and the number of bytes.
const NAMES: &str = "(call $write (i32.load (local.get $out)) (i32.const 16) (i32.const 3))
    (call $write (i32.load (local.get $out)) (i32.const 19) (i32.const 5))
    (i32.store offset=8 (local.get $out) (i32.const 8)) (i32.const 0)";

fn ledger(names: &str) -> Wat {
    let mut module = Wat::new("ledger", (1, 0, 0))
        .signed("total", 0x1234_5678_9abc_def0, 24, 8, TOTAL)
        .signed("names", 7, 0, 12, names)
        .more("(data (i32.const 16) \"redgreen\")");
    module.first = "(import \"hotpatch\" \"write\" (func $write (param i32 i32 i32)))".into();
    module.contracts = vec![("Ledger", (1, 0, 0))];
    module
}

unsafe extern "C" fn append(context: *mut c_void, data: *const u8, len: usize) {
    // SAFETY: the tests hand over a vector, and whoever writes hands over as many bytes.
    unsafe { (*context.cast::<Vec<u8>>()).extend_from_slice(std::slice::from_raw_parts(data, len)) }
}

#[test]
fn arguments_cross_by_value_by_reference_and_as_slices() {
    let folder = Folder::new();
    let host = host();
    host.expect("ledger", &LEDGER).unwrap();
    host.load(folder.text(&ledger(NAMES))).unwrap();
    let total = function(&host, "ledger.total");
    let order = Order {
        amount: 3,
        discount: -5,
    };
    for prices in [vec![], vec![1], vec![10, 20], vec![1; 50_000]] {
        let sum: u64 = prices.iter().sum();
        let (prices, count) = (prices.as_ptr(), prices.len());
        let input = Input {
            rate: 2,
            order: &order,
            prices,
            count,
            weight: 1 << 40,
        };
        let mut output = 0u64;
        // SAFETY: these are the types of the contract.
        unsafe { total.call((&raw const input).cast(), (&raw mut output).cast()) }.unwrap();
        let expected = (sum as i64 * 3 - 5) * 2 + (1 << 40);
        assert_eq!(output, expected as u64);
    }
}

/// Calls `names`.
fn names(host: &hotpatch_module::ModuleHost) -> Result<(Vec<u8>, u32), hotpatch_module::CallError> {
    let mut bytes = Vec::<u8>::new();
    let sink = Sink {
        context: (&raw mut bytes).cast(),
        write: append,
    };
    let mut reply = Reply { sink, value: 0 };
    // SAFETY: these are the types of the contract.
    unsafe { function(host, "ledger.names").call(std::ptr::null(), (&raw mut reply).cast()) }?;
    Ok((bytes, reply.value))
}

#[test]
fn bytes_and_a_value_come_back_together() {
    let folder = Folder::new();
    let host = host();
    host.load(folder.text(&ledger(NAMES))).unwrap();
    // What is expected of a module that is loaded already counts from then on.
    host.expect("ledger", &LEDGER).unwrap();
    for _ in 0..3 {
        assert_eq!(names(&host).unwrap(), (b"redgreen".to_vec(), 8));
    }
}

#[test]
fn bytes_that_make_no_sense_are_no_output_and_nothing_is_delivered() {
    let write = |what: &str| format!("(call $write {what}) (i32.const 0)");
    let context = "(i32.load (local.get $out))";
    for (what, reason) in [
        (
            format!("{context} (i32.const 131071) (i32.const 2)"),
            "2 bytes at address 0x1ffff, which reach beyond",
        ),
        (
            format!("{context} (i32.const -1) (i32.const -1)"),
            "4294967295 bytes at address 0xffffffff",
        ),
        (
            "(i32.const 0) (i32.const 16) (i32.const 3)".into(),
            "with a context that is not the one of its sink",
        ),
    ] {
        let folder = Folder::new();
        let host = host();
        host.expect("ledger", &LEDGER).unwrap();
        let first = "(call $write (i32.load (local.get $out)) (i32.const 16) (i32.const 3))";
        host.load(folder.text(&ledger(&format!("{first} {}", write(&what)))))
            .unwrap();
        let mut bytes = Vec::<u8>::new();
        let sink = Sink {
            context: (&raw mut bytes).cast(),
            write: append,
        };
        let mut reply = Reply { sink, value: 0 };
        // SAFETY: these are the types of the contract.
        let result =
            unsafe { function(&host, "ledger.names").call(std::ptr::null(), (&raw mut reply).cast()) };
        let error = result.unwrap_err();
        assert_eq!(error.kind(), CallErrorKind::Stopped);
        assert!(error.to_string().contains(reason), "{error}\n  lacks: {reason}");
        assert!(error.to_string().contains("\n   0: names"), "{error}");
        assert!(bytes.is_empty());
    }
}

#[test]
fn output_without_end_is_stopped() {
    let folder = Folder::new();
    let host = host();
    host.limit(Limits::new().output(1 << 20));
    host.expect("ledger", &LEDGER).unwrap();
    let forever =
        "(loop $on (call $write (i32.load (local.get $out)) (i32.const 0) (i32.const 65536)) (br $on))
        (i32.const 0)";
    host.load(folder.text(&ledger(forever))).unwrap();
    let error = names(&host).unwrap_err().to_string();
    assert!(
        error.contains("it gave back 1114112 bytes, and its limit is 1048576"),
        "{error}"
    );
    assert!(error.contains("`Limits::output`"), "{error}");
}

#[test]
fn sizes_that_are_not_those_of_the_contract_refuse_a_module() {
    let folder = Folder::new();
    let host = host();
    host.expect("ledger", &LEDGER).unwrap();
    let at = |index: usize, offset| Wat::FUNCTIONS + 48 * index + offset;
    for (place, size, reason) in [
        (
            at(0, 16),
            40u32,
            "its input has 40 bytes, and for `wasm32` it has 24",
        ),
        (at(0, 20), 4, "its output has 4 bytes, and for `wasm32` it has 8"),
        (at(1, 20), 8, "its output has 8 bytes, and for `wasm32` it has 12"),
    ] {
        let error = host
            .load(folder.text(&ledger(NAMES).damage(place, &size.to_le_bytes())))
            .unwrap_err();
        assert!(error.message().contains(reason), "{error}");
    }
    let error = host
        .load(folder.text(&ledger(NAMES).damage(at(0, 8), &[0])))
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Contract);
    assert!(
        error.message().contains("fn total(rate: u16, order: &Order"),
        "{error}"
    );
}

#[test]
fn input_that_has_no_room_is_an_error_and_the_next_call_works() {
    let folder = Folder::new();
    let host = host();
    host.limit(Limits::new().memory(4 << 16));
    host.expect("ledger", &LEDGER).unwrap();
    host.load(folder.text(&ledger(NAMES))).unwrap();
    let total = function(&host, "ledger.total");
    let order = Order {
        amount: 1,
        discount: 0,
    };
    let sum = |count: usize| {
        let prices = vec![1u64; count];
        let input = Input {
            rate: 1,
            order: &order,
            prices: prices.as_ptr(),
            count,
            weight: 0,
        };
        let mut output = 0u64;
        // SAFETY: these are the types of the contract.
        unsafe { total.call((&raw const input).cast(), (&raw mut output).cast()) }.map(|()| output)
    };
    assert_eq!(sum(1000).unwrap(), 1000);
    let error = sum(100_000).unwrap_err().to_string();
    assert!(
        error.contains("800080 bytes of input and output have no room beside its 131072 bytes"),
        "{error}"
    );
    assert!(error.contains("its limit is 262144"), "{error}");
    assert_eq!(sum(10_000).unwrap(), 10_000);
}
