//! The immutable table of one generation.
//!
//! A table is one allocation: a description, then one cell for each slot. Dispatch reads only the cells and the address
//! map; the description answers questions about the process. The address in a cell is null for "run the code as built".
//! Tables never shrink: each covers all slots of the one before.
//!
//! An instance of a generic function has a row like every hot function, and so a slot. What it has not is an entry that
//! knows the slot: the address map leads from the body as built to the code.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::RefCell;
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use hotpatch_abi::entry::{Entry, Slot};
use hotpatch_abi::manifest::PatchId;

use crate::address_map::AddressMap;
use crate::image::{ImageId, Images};
use crate::live::Live;
use crate::presence::Inside;
use crate::registry::Next;
use crate::row_list::RowList;
use crate::scope::{self, Scope, Source};
use crate::sync::{AtomicPtr, Ordering};

/// The address that a slot has in one generation.
type Cell = Option<NonNull<()>>;

/// What code every hot function runs, and since when.
#[repr(C)]
pub(crate) struct Table {
    description: Description,
    /// The next of the retired tables; null while this one is not among them.
    next_retired: AtomicPtr<Table>,
    /// Of a retired table: the scopes that may still use it, once that is known. Belongs to whoever took the list.
    users: RefCell<Option<Vec<Inside>>>,
    instances: AddressMap,
    /// How many cells there are.
    len: u32,
    /// The first of the cells that follow; slot 0 belongs to no function.
    cells: [Cell; 1],
}

// SAFETY: nobody changes a table once others can see it, but for `users`, which only the one who took the table out of
// the list of retired ones looks at; the addresses in its cells are of code.
unsafe impl Sync for Table {}

/// What there is to say about a generation.
pub(crate) struct Description {
    pub(crate) generation: u64,
    /// The patch that made this generation; `None` for the program as built.
    pub(crate) head: Option<PatchId>,
    /// The hot functions, in the order of their slots.
    pub(crate) rows: RowList,
    /// The patch images that patches may refer to, oldest first, also those whose code no function runs in this generation.
    pub(crate) images: Images,
}

/// A hot function in one generation.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) subject: Subject,
    pub(crate) name: Arc<str>,
    /// The generation whose commit made the code that runs; 0 for the code as built.
    pub(crate) since: u64,
    /// The code that runs, if a patch gave it.
    pub(crate) code: Option<Code>,
}

/// What a row is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A function with an entry, which is there for as long as its image is: a record of a generation may outlast it.
    Function(NonNull<Entry>),
    /// An instance of a generic function, known by the address of its body as built.
    Instance(NonNull<()>),
    /// Nothing any more: it was about something in this image, which has left the table. When the image is closed, the
    /// slot may be given to another function.
    Gone(ImageId),
}

// SAFETY: an entry is shared by all threads, and an address of code is only compared, shown and called.
unsafe impl Send for Subject {}
// SAFETY: as for `Send`.
unsafe impl Sync for Subject {}

/// A body that a patch gave to a function.
#[derive(Clone, Copy)]
pub(crate) struct Code {
    pub(crate) address: NonNull<()>,
    /// The image that holds it; `None` for the program itself.
    pub(crate) image: Option<ImageId>,
}

// SAFETY: an address of code is only compared, shown and called.
unsafe impl Send for Code {}
// SAFETY: as for `Send`.
unsafe impl Sync for Code {}

impl Row {
    /// A function that runs the code as built.
    pub(crate) fn as_built(entry: &'static Entry) -> Self {
        Self {
            subject: Subject::Function(NonNull::from(entry)),
            name: entry.path.into(),
            since: 0,
            code: None,
        }
    }

    /// The entry, if it is about a function.
    pub(crate) fn entry(&self) -> Option<NonNull<Entry>> {
        match self.subject {
            Subject::Function(entry) => Some(entry),
            Subject::Instance(_) | Subject::Gone(_) => None,
        }
    }

    /// The body as built, if it is about an instance.
    pub(crate) fn instance(&self) -> Option<NonNull<()>> {
        match self.subject {
            Subject::Instance(built) => Some(built),
            Subject::Function(_) | Subject::Gone(_) => None,
        }
    }

    /// Where the program has what the row is about: an entry, or a body as built.
    pub(crate) fn place(&self) -> Option<usize> {
        match self.subject {
            Subject::Function(entry) => Some(entry.addr().get()),
            Subject::Instance(built) => Some(built.addr().get()),
            Subject::Gone(_) => None,
        }
    }

    /// A row about nothing, after the image of what it was about has left the table.
    pub(crate) fn gone(image: ImageId) -> Self {
        Self {
            subject: Subject::Gone(image),
            name: "".into(),
            since: 0,
            code: None,
        }
    }
}

/// The row of a slot: slot 0 has none.
pub(crate) fn row_of(slot: Slot) -> usize {
    slot.0 as usize - 1
}

/// The slot of a row.
pub(crate) fn slot_of(row: usize) -> Slot {
    Slot(u32::try_from(row + 1).expect("fewer than 2^32 hot functions"))
}

/// The table of the program as built, in which no function has a slot yet.
static FIRST: Table = Table {
    description: Description {
        generation: 0,
        head: None,
        rows: RowList::EMPTY,
        images: Images::EMPTY,
    },
    next_retired: AtomicPtr::new(ptr::null_mut()),
    users: RefCell::new(None),
    instances: AddressMap::EMPTY,
    len: 1,
    cells: [None],
};

/// Tables that no pinned thread uses any more, and that other scopes may still use: a list without a lock, because
/// a forked child could not open it.
static RETIRED: AtomicPtr<Table> = AtomicPtr::new(ptr::null_mut());

/// The table that decides what runs.
pub(crate) static LIVE: Live<Table> = Live(AtomicPtr::new((&raw const FIRST).cast_mut()));

impl Table {
    /// The table that is live now. `scope` keeps it.
    pub(crate) fn live(_scope: &Scope) -> &Self {
        // SAFETY: the scope keeps the table for as long as the reference lives.
        unsafe { &*LIVE.get() }
    }

    /// The table that this thread runs: the live one, or the one that its consistent scope began with.
    pub(crate) fn seen(_scope: &Scope) -> &Self {
        // SAFETY: the thread is in a scope, so its source is not null, and the scope keeps the table.
        unsafe { &*(*Scope::here().source()).get() }
    }

    /// The address that `slot` has in the live table, which `live` holds.
    ///
    /// # Safety
    ///
    /// - `live` is that of [`Here::usual`](crate::scope::Here::usual) on this thread.
    /// - The slot was read from its entry before this call, so that the live table covers it.
    #[inline(always)]
    pub(crate) unsafe fn live_cell(live: *const Source, slot: Slot) -> Cell {
        // SAFETY: the scope keeps the table, which has a cell for the slot.
        unsafe {
            *(&raw const (*(*live).get()).cells)
                .cast::<Cell>()
                .add(slot.0 as usize)
        }
    }

    /// The address that `slot` has in the table that `source` holds.
    ///
    /// # Safety
    ///
    /// `source` is that of [`Scope::here`] on this thread, which is in a scope.
    pub(crate) unsafe fn cell(source: *const Source, slot: Slot) -> Cell {
        // SAFETY: the scope keeps the table, and there is a cell for every slot below its length. A slot above it was
        // given after a consistent scope began.
        unsafe {
            let table = (*source).get();
            if slot.0 >= (*table).len {
                return None;
            }
            *(&raw const (*table).cells).cast::<Cell>().add(slot.0 as usize)
        }
    }

    /// The code that an instance has in the table that `source` holds; `None` if it runs its body as built, which is
    /// at `built`.
    ///
    /// # Safety
    ///
    /// `source` is that of [`Scope::here`] on this thread, which is in a scope.
    #[inline(always)]
    pub(crate) unsafe fn instance(source: *const Source, built: NonNull<()>) -> Cell {
        // SAFETY: the scope keeps the table.
        unsafe { (*(*source).get()).instances.get(built) }
    }

    /// Makes a table and publishes it. Its rows begin with those of the live table.
    pub(crate) fn publish(scope: &Scope, _next: &Next, description: Description) {
        let table = Self::allocate(description, LIVE.get());
        // SAFETY: the table is complete and immutable; readers are in a scope, which is pinned or, if it is counted,
        // respected by `retire`; a table may be freed on any thread.
        unsafe { LIVE.replace(&scope.pin(), table, Self::retire) };
    }

    /// Makes a table that is not published.
    pub(crate) fn unpublished(description: Description) -> Unpublished {
        Unpublished(Self::allocate(description, LIVE.get()))
    }

    /// The code that an instance has, whose body as built lies at `built`; `None` if it runs that.
    pub(crate) fn code_of(&self, built: NonNull<()>) -> Option<NonNull<()>> {
        self.instances.get(built)
    }

    fn layout(rows: usize) -> Layout {
        let cells = Layout::array::<Cell>(rows).expect("fewer cells than memory");
        Layout::new::<Self>()
            .extend(cells)
            .expect("fewer cells than memory")
            .0
    }

    /// Makes a table that follows on the live one. `live` is that one, and it is kept.
    fn allocate(description: Description, live: *const Self) -> *mut Self {
        let rows = &description.rows;
        // SAFETY: whoever makes the next table is in a scope, which keeps this one.
        let rows_before = unsafe { &(*live).description.rows };
        let patched = |row: &Row| Some((row.instance()?, row.code?.address));
        let instances = if rows.has_instances() {
            AddressMap::of(rows.iter().filter_map(patched))
        } else {
            AddressMap::EMPTY
        };
        let len = slot_of(rows.len()).0;
        let layout = Self::layout(rows.len());
        // SAFETY: the layout has the size of a table and more.
        let table = unsafe { alloc(layout) }.cast::<Self>();
        if table.is_null() {
            handle_alloc_error(layout);
        }
        // SAFETY: `cells` is the last field and ends where the layout puts the cells that follow, one for each row. A
        // table has as many rows as the one before, or more.
        unsafe {
            let cells = (&raw mut (*table).cells).cast::<Cell>().add(1);
            let before = (&raw const (*live).cells).cast::<Cell>().add(1);
            cells.copy_from_nonoverlapping(before, rows_before.len());
            for (first, rows) in rows.differing(rows_before) {
                for (index, row) in (first..).zip(rows) {
                    cells.add(index).write(row.code.map(|code| code.address));
                }
            }
            table.write(Self {
                description,
                next_retired: AtomicPtr::new(ptr::null_mut()),
                users: RefCell::new(None),
                instances,
                len,
                cells: [None],
            });
        }
        table
    }

    /// Frees the tables that were replaced and that nobody uses any more.
    pub(crate) fn reclaim() {
        scope::advance_epoch();
        Self::free_retired();
    }

    /// Frees a table that was replaced, and those that were retired before it, as far as nobody uses them any more.
    ///
    /// # Safety
    ///
    /// `table` is [`FIRST`] or came from [`allocate`](Self::allocate). It was replaced, and of the threads that may
    /// still use it none is pinned.
    unsafe fn retire(table: *mut Self) {
        if ptr::eq(table, &raw const FIRST) {
            return;
        }
        // SAFETY: promised by the caller; whoever still uses the table does not look at the list.
        unsafe { Self::push_retired(table) };
        Self::free_retired();
    }

    /// Frees the retired tables that nobody uses any more.
    fn free_retired() {
        // Taken before the question, which is then about all of them. Acquire: pairs with the Release in
        // `push_retired`.
        let mut retired = RETIRED.swap(ptr::null_mut(), Ordering::Acquire);
        let open = scope::open_scopes();
        while !retired.is_null() {
            // SAFETY: whoever takes the list has its tables to itself, but for scopes, which read other fields and end
            // before a table is freed.
            unsafe {
                let next = (*retired).next_retired.load(Ordering::Relaxed);
                if (*retired).is_unused(open.as_deref()) {
                    Self::free(retired);
                } else {
                    Self::push_retired(retired);
                }
                retired = next;
            }
        }
    }

    /// Whether no scope uses a retired table any more. `open` are the scopes that are open now, if they are known.
    fn is_unused(&self, open: Option<&[Inside]>) -> bool {
        let mut users = self.users.borrow_mut();
        if users.is_none() {
            *users = open.map(<[Inside]>::to_vec);
        }
        let Some(users) = users.as_mut() else { return false };
        users.retain(|user| !user.is_over());
        users.is_empty()
    }

    /// # Safety
    ///
    /// `table` came from [`allocate`](Self::allocate) and is in no list.
    unsafe fn push_retired(table: *mut Self) {
        let mut first = RETIRED.load(Ordering::Relaxed);
        loop {
            // SAFETY: the table is allocated, and the field is atomic.
            unsafe { (*table).next_retired.store(first, Ordering::Relaxed) };
            // Release: pairs with the Acquire in `retire`.
            match RETIRED.compare_exchange_weak(first, table, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// # Safety
    ///
    /// `table` came from [`allocate`](Self::allocate), and nobody uses it from now on.
    unsafe fn free(table: *mut Self) {
        // SAFETY: the caller gives up the table; the layout is the one it was allocated with.
        unsafe {
            let layout = Self::layout((*table).description.rows.len());
            table.drop_in_place();
            dealloc(table.cast(), layout);
        }
    }
}

/// A table that only this thread uses.
pub(crate) struct Unpublished(*mut Table);

impl Deref for Unpublished {
    type Target = Table;

    fn deref(&self) -> &Table {
        // SAFETY: it was allocated, and is freed when this is dropped.
        unsafe { &*self.0 }
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        // SAFETY: it was allocated, and nobody else has it.
        unsafe { Table::free(self.0) };
    }
}

impl Deref for Table {
    type Target = Description;

    fn deref(&self) -> &Description {
        &self.description
    }
}
