//! A view of a value that other code made, of a type that this code does not have.

use std::cell::{Cell, RefCell};
use std::mem::ManuallyDrop;

use super::agreement::{agree, are_akin};
use super::description::{Description, Downward, Kind, Migrate, Rebuild};
use super::down::Down;
use super::failure::Failure;
use super::moves::Moves;
use super::recall::{Question, Source};

/// A value as it was before: what a migration function reads.
///
/// It is only looked at. If anything fails, it is what the program goes on with.
#[derive(Debug)]
pub struct Old<'a> {
    value: *const u8,
    description: &'static Description,
    moves: &'a Moves,
    /// The variant of an enum, and its fields.
    variant: Option<(usize, Vec<*const u8>)>,
    /// What the way down gave.
    given: RefCell<Down>,
    is_down: Cell<bool>,
}

impl<'a> Old<'a> {
    /// # Safety
    ///
    /// `value` points to a value that `description` is of, which nobody changes while the view is used.
    pub(super) unsafe fn new(value: *const u8, description: &'static Description, moves: &'a Moves) -> Self {
        let mut variant = None;
        if let Kind::Enum { visit, .. } = &description.kind {
            // SAFETY: promised by the caller.
            unsafe {
                visit(value, &mut |index, fields| {
                    variant = Some((index, fields.to_vec()))
                })
            };
        }
        Self {
            value,
            description,
            moves,
            variant,
            given: RefCell::default(),
            is_down: Cell::new(false),
        }
    }

    /// The version of the type that the value has.
    pub fn version(&self) -> u32 {
        self.description.version
    }

    /// Whether the new value is one of earlier code: a roll-back, or a version that is lower than that of the value.
    pub fn is_down(&self) -> bool {
        self.is_down.get()
    }

    /// The name of the variant, if the value is an enum.
    pub fn variant(&self) -> Option<&'static str> {
        match (&self.description.kind, &self.variant) {
            (Kind::Enum { variants, .. }, Some((index, _))) => {
                variants.get(*index).map(|variant| variant.name)
            }
            _ => None,
        }
    }

    /// The field of this name, if the value has one of this type. Fields without a name are called `0`, `1` and so on.
    ///
    /// # Errors
    ///
    /// There is no such field, or it has another type: both types are named.
    pub fn get<F: Migrate>(&self, name: &str) -> Result<&F, Failure> {
        let (value, description) = self.part(name).ok_or_else(|| self.has_no(name))?;
        if !agree(description, F::describe()) {
            let (is, wanted) = ((description.name)(), (F::describe().name)());
            let other = if is == wanted { "with another layout" } else { "" };
            return Err(Failure::new(format_args!(
                "the old value has `{is}` there{}, not `{wanted}`{other}; read it as what it is, with `view` if it has \
                 parts of its own",
                if other.is_empty() { "" } else { " " },
            ))
            .within(name));
        }
        // SAFETY: the description is that of an `F`, and it lies where the old value has that part.
        Ok(unsafe { &*value.cast::<F>() })
    }

    /// A view of a field, whatever its type is.
    ///
    /// # Errors
    ///
    /// There is no such field.
    pub fn view(&self, name: &str) -> Result<Old<'a>, Failure> {
        let (value, description) = self.part(name).ok_or_else(|| self.has_no(name))?;
        // SAFETY: it is a part of this value.
        Ok(unsafe { Old::new(value, description, self.moves) })
    }

    /// Views of the items, if the value is a collection: one for each item; of a map, key and value in turn.
    pub fn items(&self) -> Vec<Old<'a>> {
        let mut items = Vec::new();
        self.each_item(|parts| {
            for (value, description) in parts {
                // SAFETY: it is a part of this value.
                items.push(unsafe { Old::new(*value, description, self.moves) });
            }
            Ok(())
        })
        .unwrap_or_default();
        items
    }

    /// All of the value, if it is one of this type: for types that earlier code had, kept in the sources under
    /// `#[migrate(name = ..)]`, and for plain ones.
    pub fn whole<T: Migrate>(&self) -> Option<&T> {
        // SAFETY: the description is that of a `T`.
        agree(self.description, T::describe()).then(|| unsafe { &*self.value.cast::<T>() })
    }

    /// How many fields the value has, if it is a struct.
    pub(super) fn field_count(&self) -> usize {
        match &self.description.kind {
            Kind::Struct(fields) => fields.len(),
            _ => 0,
        }
    }

    /// Where a field is, and what.
    pub(super) fn part(&self, name: &str) -> Option<(*const u8, &'static Description)> {
        self.part_at(self.index_of(name)?)
    }

    /// What a field of a new value comes from, and whether it moves as it is. Other values are asked for the same field.
    #[inline]
    pub(super) fn source(
        &self,
        name: &'static str,
        from: Option<&'static str>,
        new: &'static Description,
    ) -> Option<(*const u8, &'static Description, bool)> {
        let question = Question {
            of: self.description,
            variant: self.variant.as_ref().map_or(0, |(index, _)| *index),
            name,
            from: from.map(std::ptr::from_ref),
            new,
        };
        let Source { index, agrees } = self.moves.recall().fields.recall(question, || {
            let index = from.and_then(|from| self.index_of(from));
            let index = index.or_else(|| self.index_of(name))?;
            let agrees = agree(self.part_at(index)?.1, new);
            Some(Source { index, agrees })
        })?;
        let (part, description) = self.part_at(index)?;
        Some((part, description, agrees))
    }

    fn index_of(&self, name: &str) -> Option<usize> {
        match &self.description.kind {
            Kind::Struct(fields) => fields.iter().position(|field| field.name == name),
            Kind::Enum { variants, .. } => {
                let (index, _) = self.variant.as_ref()?;
                let mut fields = variants.get(*index)?.fields.iter();
                fields.position(|field| field.0 == name)
            }
            Kind::Plain | Kind::Items { .. } => None,
        }
    }

    fn part_at(&self, at: usize) -> Option<(*const u8, &'static Description)> {
        match &self.description.kind {
            Kind::Struct(fields) => {
                let field = fields.get(at)?;
                // SAFETY: the offset is that of a field of the value.
                Some((unsafe { self.value.add(field.offset) }, (field.describe)()))
            }
            Kind::Enum { variants, .. } => {
                let (index, places) = self.variant.as_ref()?;
                let field = variants.get(*index)?.fields.get(at)?;
                Some((*places.get(at)?, (field.1)()))
            }
            Kind::Plain | Kind::Items { .. } => None,
        }
    }

    /// Calls `each` with the parts of every item.
    pub(super) fn each_item(
        &self,
        mut each: impl FnMut(&[(*const u8, &'static Description)]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Kind::Items { of, visit, .. } = &self.description.kind else {
            return Ok(());
        };
        let of: Vec<_> = of.iter().map(|describe| describe()).collect();
        let mut outcome = Ok(());
        let mut parts = Vec::with_capacity(of.len());
        // SAFETY: the value is of this description.
        unsafe {
            visit(self.value, &mut |places| {
                if outcome.is_ok() {
                    parts.clear();
                    parts.extend(places.iter().copied().zip(of.iter().copied()));
                    outcome = each(&parts);
                }
            });
        }
        outcome
    }

    /// Notes that parts of the value are used one by one for a value of this description, and looks for the way down if
    /// it goes that way.
    #[doc(hidden)]
    pub fn open(&self, new: &'static Description) -> Result<(), Failure> {
        if self.goes_down(new) {
            self.is_down.set(true);
            if self.is_altered(new) {
                match self.description.down {
                    Some(Downward::ByItself) => {}
                    // SAFETY: the value is of this description.
                    Some(Downward::With(down)) => unsafe { down(self.value, &mut self.given.borrow_mut())? },
                    None => return Err(self.no_way_down(new)),
                }
            }
        }
        self.moves.open(self.value, self.description);
        Ok(())
    }

    fn goes_down(&self, new: &Description) -> bool {
        self.moves.is_back() || new.version < self.description.version
    }

    /// Whether a migration function of the new type is to make the value.
    #[doc(hidden)]
    pub fn asks(&self, new: &'static Description) -> bool {
        !self.goes_down(new) && self.is_altered(new)
    }

    fn is_altered(&self, new: &'static Description) -> bool {
        self.moves.recall().is_altered(self.description, new)
    }

    /// An item of this description: moved if it may stay what it is, or made anew.
    pub(super) fn item<F: Migrate>(
        &self,
        (value, description): (*const u8, &'static Description),
    ) -> Result<ManuallyDrop<F>, Failure> {
        let new = F::describe();
        let agrees = self.moves.recall().agree(description, new);
        self.take((value, description, agrees), new, Some(F::rebuild))
            .unwrap_or_else(|| Err(description.cannot_become((new.name)())))
    }

    /// A part of this description, moved if it `agrees` with the new one, or made anew. `None` if the types have nothing
    /// to do with each other.
    #[inline]
    pub(super) fn take<F>(
        &self,
        (value, description, agrees): (*const u8, &'static Description, bool),
        new: &'static Description,
        rebuild: Option<Rebuild<F>>,
    ) -> Option<Result<ManuallyDrop<F>, Failure>> {
        if agrees {
            self.moves.moved(value, description);
            // SAFETY: the description is that of an `F`. The copy is not dropped before it is decided that the old one
            // will not be.
            return Some(Ok(unsafe { value.cast::<ManuallyDrop<F>>().read() }));
        }
        let rebuild = rebuild.filter(|_| are_akin(description, new))?;
        // SAFETY: it is a part of this value.
        let old = unsafe { Old::new(value, description, self.moves) };
        Some(rebuild(&old).map(ManuallyDrop::new))
    }

    /// What the way down gave for a field.
    pub(super) fn given(&self, name: &str, new: &'static Description) -> Option<Result<*const u8, Failure>> {
        if !self.is_down.get() {
            return None;
        }
        self.given.borrow_mut().take(name, new)
    }

    #[doc(hidden)]
    pub fn cannot_become(&self, new: &str) -> Failure {
        self.description.cannot_become(new)
    }

    /// The value is in a variant that the new type has not.
    #[doc(hidden)]
    pub fn variant_is_gone(&self, new: &'static Description) -> Failure {
        let gone = self.variant().unwrap_or("none");
        Failure::new(format_args!(
            "the value is in variant `{gone}`, which `{}` has no more; say what it becomes with `#[migrate(from = \
             \"{gone}\")]` on a variant or `#[migrate(with = ..)]` on the type",
            (new.name)()
        ))
    }

    fn has_no(&self, name: &str) -> Failure {
        let of = match self.variant() {
            Some(variant) => format!("variant `{variant}` of `{}`", (self.description.name)()),
            None => format!("`{}`", (self.description.name)()),
        };
        Failure::new(format_args!(
            "{of} version {} has no field `{name}`",
            self.description.version
        ))
    }

    fn no_way_down(&self, new: &Description) -> Failure {
        let name = (self.description.name)();
        let (from, to) = (self.description.version, new.version);
        let way = if from == to {
            format!("from version {from} to what it was before")
        } else {
            format!("from version {from} to version {to}")
        };
        Failure::new(format_args!(
            "`{name}` has no way down {way}; give it `#[migrate(down = ..)]`, or `#[migrate(down)]` if fields that are \
             new or gone may take their defaults"
        ))
    }
}
