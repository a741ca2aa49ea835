//! A call that crosses into the sandbox: copies the input, runs the function, copies what it gave back.

use std::ffi::c_void;
use std::ptr;

use crate::contract::{Part, Sink};

use super::area::ALIGN;
use super::guest::{CONTEXT, Guest};
use super::plan::Plan;
use super::stop::Stop;

/// A function pointer that leads nowhere: what lies at `Sink::write` in the sandbox.
const NO_FUNCTION: u32 = u32::MAX;

/// What a call gave back.
#[derive(Default)]
pub(super) struct GaveBack {
    pub(super) status: i32,
    /// The bytes for the sink, if the function has one.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Plan {
    /// Calls a function. An error says what stopped it. The bytes that it gives back are for [`GaveBack::deliver`].
    ///
    /// # Safety
    ///
    /// `input` and `output` point to what the function takes, as for a [`ModuleFn`](crate::abi::ModuleFn).
    pub(super) unsafe fn call(
        &self,
        guest: &mut Guest,
        function: usize,
        input: *const c_void,
        output: *mut c_void,
    ) -> Result<GaveBack, Stop> {
        let input = input.cast::<u8>();
        // SAFETY: that `input` has these parts is what the caller promises.
        let places = unsafe { self.places(input) };
        let size = u32::try_from(places.end).map_err(|_| {
            Stop::outside(format!(
                "its input has {} bytes, more than any memory of a sandbox: hand over less at a time",
                places.end
            ))
        })?;
        let area = guest.room(size.max(1), ALIGN)?;
        let output_in_guest = area + places.output as u32;
        // SAFETY: the area is a part of the memory, `size` bytes long, and nothing of the module runs meanwhile. What lies in
        // the host is as long as the parts say, which the caller promises.
        unsafe {
            let area_in_host = guest.memory.data_ptr(&guest.store).add(area as usize);
            self.write_input(input, area_in_host, area, &places.behind);
            let record = area_in_host.add(places.output);
            ptr::write_bytes(record, 0, self.value_in_guest + self.value);
            if self.bytes {
                ptr::copy_nonoverlapping(CONTEXT.to_le_bytes().as_ptr(), record, 4);
                ptr::copy_nonoverlapping(NO_FUNCTION.to_le_bytes().as_ptr(), record.add(4), 4);
            }
        }
        guest.store.data_mut().written = self.bytes.then(Vec::new);
        let status = guest.call(function, area, output_in_guest)?;
        let bytes = guest.store.data_mut().written.take();
        // SAFETY: a memory never becomes smaller, and `output` has room for the value, which the caller promises.
        unsafe {
            let record = guest.memory.data_ptr(&guest.store).add(output_in_guest as usize);
            let value = output.cast::<u8>().wrapping_add(self.value_in_host);
            ptr::copy_nonoverlapping(record.add(self.value_in_guest), value, self.value);
        }
        Ok(GaveBack { status, bytes })
    }

    /// Where in the area each thing lies.
    ///
    /// # Safety
    ///
    /// As for [`Plan::call`].
    unsafe fn places(&self, input: *const u8) -> Places {
        let output = self.input.next_multiple_of(ALIGN as usize);
        let mut end = output + self.value_in_guest + self.value;
        let mut behind = Vec::new();
        for (part, _) in &self.parts {
            let (size, align) = match *part {
                Part::Value { .. } => continue,
                Part::Reference { size, align, .. } => (size, align),
                Part::Slice { offset, size, align } => {
                    // SAFETY: behind the pointer lies the number of items, which the caller promises.
                    let count = unsafe { input.add(offset + 8).cast::<usize>().read_unaligned() };
                    (size.saturating_mul(count), align)
                }
            };
            let place = end.next_multiple_of(align.max(1));
            end = place.saturating_add(size).min(usize::MAX / 2);
            behind.push((place, size));
        }
        Places { output, behind, end }
    }

    /// Copies the input.
    ///
    /// # Safety
    ///
    /// As for [`Plan::call`]; `area` is as long as [`Plan::places`] said, whose `behind` this is.
    unsafe fn write_input(
        &self,
        input: *const u8,
        area: *mut u8,
        area_in_guest: u32,
        behind: &[(usize, usize)],
    ) {
        let mut behind = behind.iter();
        for (part, place) in &self.parts {
            // SAFETY: the record has this part, and what its pointer leads to is as long as the part says, which the caller
            // promises; the area has room for it where it was placed.
            unsafe {
                match *part {
                    Part::Value { offset, size, .. } => {
                        // There may be no input at all.
                        if size > 0 {
                            ptr::copy_nonoverlapping(input.add(offset), area.add(*place), size);
                        }
                    }
                    Part::Reference { offset, .. } | Part::Slice { offset, .. } => {
                        let Some((there, size)) = behind.next() else {
                            return;
                        };
                        let pointer = input.add(offset).cast::<*const u8>().read_unaligned();
                        if *size > 0 {
                            ptr::copy_nonoverlapping(pointer, area.add(*there), *size);
                        }
                        let pointer = (area_in_guest + *there as u32).to_le_bytes();
                        ptr::copy_nonoverlapping(pointer.as_ptr(), area.add(*place), 4);
                        if let Part::Slice { offset, .. } = *part {
                            let count = input.add(offset + 8).cast::<usize>().read_unaligned() as u32;
                            ptr::copy_nonoverlapping(count.to_le_bytes().as_ptr(), area.add(*place + 4), 4);
                        }
                    }
                }
            }
        }
    }
}

impl GaveBack {
    /// Hands the bytes to the sink, and gives back the status.
    ///
    /// # Safety
    ///
    /// `output` is that of the call.
    pub(super) unsafe fn deliver(self, output: *mut c_void) -> i32 {
        if let Some(bytes) = self.bytes.filter(|bytes| !bytes.is_empty()) {
            // SAFETY: the output of a function that gives back bytes begins with a sink, which the caller promises.
            unsafe {
                let sink = output.cast::<Sink>().read();
                (sink.write)(sink.context, bytes.as_ptr(), bytes.len());
            }
        }
        self.status
    }
}

/// Where in the area each thing lies.
struct Places {
    /// The record of the output; that of the input is at the begin.
    output: usize,
    /// What the pointers of the input lead to: where, and how many bytes.
    behind: Vec<(usize, usize)>,
    /// The end of everything.
    end: usize,
}
