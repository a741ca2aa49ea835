//! How a module in the sandbox reaches its host: see the end of `contract.rs`.

use core::ffi::c_void;

#[link(wasm_import_module = "hotpatch")]
unsafe extern "C" {
    #[link_name = "write"]
    fn import_write(context: *mut c_void, data: *const u8, len: usize);
}

/// Hands bytes to the host.
pub(super) fn write(context: *mut c_void, bytes: &[u8]) {
    // SAFETY: the sandbox copies the bytes before it returns.
    unsafe { import_write(context, bytes.as_ptr(), bytes.len()) }
}
