use std::alloc::{GlobalAlloc, Layout, System};

use hotpatch::hotpatch;

struct Counting;

unsafe impl GlobalAlloc for Counting {
    #[hotpatch]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        unsafe { System.dealloc(place, layout) }
    }
}

fn main() {
    drop(Counting);
}
