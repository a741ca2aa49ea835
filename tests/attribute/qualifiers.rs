//! `unsafe`, `extern` and exported functions.

use std::panic::catch_unwind;

use hotpatch::hotpatch;

use crate::check_entry;

#[hotpatch]
unsafe fn read(pointer: *const u8) -> u8 {
    // SAFETY: the caller promises that the pointer is valid.
    unsafe { *pointer }
}

#[hotpatch]
extern "C" fn foreign(a: u8, b: u64) -> u64 {
    u64::from(a) + b
}

#[hotpatch]
pub(super) unsafe extern "C-unwind" fn both(a: *const u8) -> u8 {
    assert!(!a.is_null());
    // SAFETY: the caller promises that the pointer is valid or null.
    unsafe { *a }
}

#[hotpatch]
#[unsafe(no_mangle)]
pub extern "C" fn attribute_test_exported(a: u8) -> u8 {
    a + 1
}

#[test]
fn qualified_functions() {
    // SAFETY: the pointers are valid.
    unsafe {
        assert_eq!(read(&5), 5);
        assert_eq!(both(&6), 6);
    }
    assert_eq!(foreign(1, 2), 3);
    let pointer: extern "C" fn(u8, u64) -> u64 = foreign;
    assert_eq!(pointer(3, 4), 7);
    // SAFETY: null is allowed.
    catch_unwind(|| unsafe { both(std::ptr::null()) }).unwrap_err();
    check_entry("qualifiers::read", "unsafe fn read(pointer: *const u8) -> u8");
}

#[test]
fn an_exported_function_is_found_by_its_symbol() {
    // SAFETY: the function above has this name and type.
    unsafe extern "C" {
        #[link_name = "attribute_test_exported"]
        safe fn exported(a: u8) -> u8;
    }
    assert_eq!(exported(1), 2);
}

#[hotpatch]
#[target_feature(enable = "sse2")]
fn wide(values: [f32; 4]) -> f32 {
    values.iter().sum()
}

struct Wide([f32; 4]);

impl Wide {
    #[hotpatch]
    #[target_feature(enable = "avx")]
    unsafe fn sum(&self, of: std::arch::x86_64::__m256) -> f32 {
        let of = std::arch::x86_64::_mm256_cvtss_f32(of);
        self.0.iter().sum::<f32>() + of
    }
}

#[test]
fn functions_with_target_features() {
    // SAFETY: every processor of this architecture has the feature.
    assert_eq!(unsafe { wide([1.0, 2.0, 3.0, 4.0]) }, 10.0);
    if std::is_x86_feature_detected!("avx") {
        // SAFETY: this processor has the feature.
        let sum = unsafe { Wide([1.0; 4]).sum(std::arch::x86_64::_mm256_set1_ps(2.0)) };
        assert_eq!(sum, 6.0);
    }
}
