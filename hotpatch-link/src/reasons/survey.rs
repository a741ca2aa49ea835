//! Finds who leads to a function, through library code, inlined code and the trampolines of hot functions.

use std::rc::Rc;

use rustc_hash::{FxHashMap as HashMap, FxHashSet as HashSet};

use super::code::{Code, Manner, Mention};
use super::graph::{Edge, Graph, How, Index, Kind, Node};
use super::paths::{self, Crates, is_standard, plain};
use crate::elf::flow::Loop;
use crate::hot;
use crate::names::{Name, Names};
use crate::program::{Atom, Program};

/// How many places a survey looks at. What lies beyond counts as called by `main`.
const PATIENCE: usize = 20_000;
/// Through this the standard library calls what a thread was started with.
const THREAD_START: &str = "::__rust_begin_short_backtrace";

/// A function by its linkage name. It may have several copies, or be inlined everywhere.
#[derive(Clone, Debug)]
struct Function {
    path: String,
    is_own: bool,
    is_standard: bool,
    is_body: bool,
}

/// The graph of callers, as far as it was looked at.
pub(super) struct Survey<'a> {
    code: Code<'a>,
    names: &'a Names,
    crates: &'a Crates,
    functions: HashMap<Box<str>, Rc<Function>>,
    copies: HashMap<Name, Vec<Atom>>,
    statics: HashMap<Atom, Vec<Name>>,
    main: Option<Name>,
    nodes: HashMap<Box<str>, Index>,
    linkages: Vec<Box<str>>,
    expanded: usize,
    left: usize,
    /// At how many places a copy of a caller leads to a function.
    places: HashMap<(Index, Atom, Option<usize>, How), HashSet<u64>>,
    pub(super) graph: Graph,
}

/// What was met on the way up from a function to the next one that the author wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Met {
    thread: bool,
    task: bool,
    polled: bool,
    address: bool,
    inlined: bool,
    library: bool,
    /// In a loop of a library.
    repeated: bool,
    /// In a loop of the caller.
    looped: bool,
}

impl Met {
    /// How the function comes to run, and whether that is in a loop.
    fn summary(self) -> (How, bool) {
        let how = match self {
            Self { thread: true, .. } => How::Thread,
            Self { task: true, .. } => How::Task,
            Self { address: true, .. } => How::Address,
            Self { polled: true, .. } => How::Polled,
            Self {
                inlined: true,
                library: false,
                ..
            } => How::Inlined,
            _ => How::Called,
        };
        // Who waits asks again and again, for code that goes on where it was.
        let looped = self.looped || self.repeated && matches!(how, How::Called | How::Address);
        (how, looped)
    }
}

/// A place that leads to a function.
struct Place {
    function: Atom,
    offset: u64,
    /// The function and the copies of others in it around the place, outer ones first.
    frames: Vec<Rc<Function>>,
    /// These copies.
    copies: Vec<usize>,
    a_loop: Option<Loop>,
}

impl<'a> Survey<'a> {
    pub(super) fn of(program: &'a Program, names: &'a Names, crates: &'a Crates) -> Self {
        let code = Code::of(program, names);
        let mut copies: HashMap<Name, Vec<Atom>> = HashMap::default();
        for atom in program.functions() {
            if let Some(id) = program.id(atom) {
                copies.entry(id.linkage).or_default().push(atom);
            }
        }
        let mut survey = Self {
            statics: code.statics(),
            code,
            names,
            crates,
            functions: HashMap::default(),
            copies,
            main: None,
            nodes: HashMap::default(),
            linkages: Vec::new(),
            expanded: 0,
            left: PATIENCE,
            places: HashMap::default(),
            graph: Graph::default(),
        };
        survey.main = survey.find_main();
        survey
    }

    /// What the C `main` hands to the runtime.
    fn find_main(&mut self) -> Option<Name> {
        let start = *self.copies.get(&self.names.get("main")?)?.first()?;
        let program = self.code.program;
        let called = program.deep(start).callees.iter().flatten();
        let linkages: Vec<_> = called
            .filter_map(|atom| Some(program.id(*atom)?.linkage))
            .collect();
        linkages
            .into_iter()
            .find(|name| self.function(self.names.text(*name)).is_own)
    }

    /// The node of a function, with all that leads to it.
    pub(super) fn node_of(&mut self, function: Atom) -> Option<Index> {
        let linkage = self.code.program.id(function)?.linkage;
        Some(self.node_named(self.names.text(linkage)))
    }

    /// The same by the linkage name.
    pub(super) fn node_named(&mut self, linkage: &str) -> Index {
        let node = self.node(linkage);
        while self.expanded < self.linkages.len() {
            let next = self.expanded;
            self.expanded += 1;
            self.expand(next);
        }
        node
    }

    fn node(&mut self, linkage: &str) -> Index {
        if let Some(known) = self.nodes.get(linkage) {
            return *known;
        }
        let is_main = self.main.is_some_and(|main| self.names.text(main) == linkage);
        let kind = if is_main { Kind::Main } else { Kind::Function };
        let path = self.function(linkage).path.clone();
        self.add(linkage, Node { path, kind })
    }

    fn add(&mut self, linkage: &str, node: Node) -> Index {
        let index = self.graph.add_node(node);
        self.linkages.push(linkage.into());
        self.nodes.insert(linkage.into(), index);
        index
    }

    fn function(&mut self, linkage: &str) -> Rc<Function> {
        if let Some(known) = self.functions.get(linkage) {
            return known.clone();
        }
        let demangled = format!("{:#}", rustc_demangle::demangle(linkage));
        let path = plain(&demangled);
        let function = Rc::new(Function {
            is_own: self.crates.own_symbol(linkage, &path),
            is_standard: is_standard(linkage, &path),
            // The closure that it runs has one caller, which asks for it.
            is_body: hot::is_body(&demangled) && !hot::is_closure(&demangled),
            path,
        });
        self.functions.insert(linkage.into(), function.clone());
        function
    }

    fn expand(&mut self, callee: Index) {
        if self.graph.nodes[callee].kind != Kind::Function {
            return;
        }
        let linkage = self.linkages[callee].clone();
        let linkages = match self.function(&linkage) {
            function if function.is_body => self.trampolines(&function.path),
            _ => vec![linkage],
        };
        let mut open = Vec::new();
        for linkage in &linkages {
            for place in self.inlined(linkage) {
                let met = Met {
                    inlined: true,
                    ..Met::default()
                };
                open.extend(self.arrive(callee, &place, met));
            }
            let atoms = self.names.get(linkage).and_then(|name| self.copies.get(&name));
            open.extend(atoms.into_iter().flatten().map(|atom| (*atom, Met::default())));
        }
        let mut seen = HashSet::default();
        while let Some((target, met)) = open.pop() {
            if !seen.insert((target, met)) {
                continue;
            }
            self.held_by_statics(callee, target);
            for mention in self.code.mentions(target) {
                let Some(left) = self.left.checked_sub(1) else {
                    return self.give_up(callee);
                };
                self.left = left;
                let (place, met) = self.mentioned(target, mention, met);
                open.extend(self.arrive(callee, &place, met));
            }
        }
    }

    fn give_up(&mut self, callee: Index) {
        if let Some(main) = self.main {
            let caller = self.node(self.names.text(main));
            let (how, looped) = (How::Called, false);
            self.graph.add(Edge {
                callee,
                caller,
                how,
                looped,
                places: 1,
            });
        }
    }

    fn held_by_statics(&mut self, callee: Index, target: Atom) {
        for name in self.statics.get(&target).cloned().unwrap_or_default() {
            let (linkage, path) = (self.names.text(name), plain(self.names.path(name)));
            let caller = match self.nodes.get(linkage) {
                Some(known) => *known,
                None => self.add(
                    linkage,
                    Node {
                        path,
                        kind: Kind::Static,
                    },
                ),
            };
            let (how, looped) = (How::Address, false);
            self.graph.add(Edge {
                callee,
                caller,
                how,
                looped,
                places: 1,
            });
        }
    }

    /// One step up from code that mentions a function.
    fn mentioned(&mut self, target: Atom, mention: Mention, mut met: Met) -> (Place, Met) {
        let function = mention.function;
        let inlined = self.code.program.object(function).inlined();
        let copies = inlined.around(function.section, mention.offset);
        let flow = self.code.flow(function);
        let a_loop = match mention.manner {
            Manner::Load => flow.loop_around_call_of(mention.offset),
            _ => flow.outermost_loop(mention.offset),
        };
        let place = Place {
            function,
            offset: mention.offset,
            frames: self.frames(function, &copies),
            copies,
            a_loop,
        };
        met.address |= match mention.manner {
            Manner::Branch | Manner::Load => false,
            Manner::Constant(constant) if self.is_named(constant) => false,
            Manner::Address | Manner::Constant(_) => {
                let target = self.function_of(target);
                let at_once = place.frames.last().is_some_and(|frame| frame.is_standard);
                // Formatting takes the addresses of what it calls.
                let shown = target.path.contains(" as core::fmt::");
                // Who asks for the code of a closure with its address calls it.
                let asked = hot::is_closure(&target.path);
                !shown && !asked && (target.is_own || !at_once)
            }
        };
        (place, met)
    }

    /// Whether the author gave a constant its name: a table of functions, which is read to call them.
    fn is_named(&self, constant: Atom) -> bool {
        let title = self.code.program.title(constant);
        title.is_some_and(|title| self.crates.own(&plain(self.names.path(title))))
    }

    /// The places where a function is part of others.
    fn inlined(&mut self, linkage: &str) -> Vec<Place> {
        let program = self.code.program;
        let mut places = Vec::new();
        for (index, object) in (0..).zip(&program.objects) {
            let Some(inlined) = object.inlined_of(linkage) else {
                continue;
            };
            for (section, copy) in inlined.copies(linkage) {
                let function = Atom {
                    object: index,
                    section,
                };
                let copies = inlined.outer(section, copy);
                let own = inlined.copy(section, copy);
                let flow = self.code.flow(function);
                let a_loop = own
                    .ranges
                    .iter()
                    .find_map(|range| flow.outermost_loop(range.start));
                // A loop that begins inside the copy is its own.
                let a_loop = a_loop.filter(|found| !found.entries.iter().all(|entry| own.contains(*entry)));
                places.push(Place {
                    function,
                    offset: own.ranges.first().map_or(0, |range| range.start),
                    frames: self.frames(function, &copies),
                    copies,
                    a_loop,
                });
            }
        }
        places
    }

    fn frames(&mut self, function: Atom, copies: &[usize]) -> Vec<Rc<Function>> {
        let inlined = self.code.program.object(function).inlined();
        let mut frames = vec![self.function_of(function)];
        for copy in copies {
            frames.push(self.function(inlined.name(function.section, *copy)));
        }
        frames
    }

    /// Notes the caller if the author wrote it. If not, the library function is where to look next.
    fn arrive(&mut self, callee: Index, place: &Place, mut met: Met) -> Option<(Atom, Met)> {
        let function = place.function;
        let caller = place.frames.iter().rposition(|frame| frame.is_own);
        for frame in &place.frames[caller.map_or(0, |caller| caller + 1)..] {
            met.library = true;
            met.thread |= frame.path.ends_with(THREAD_START);
            met.task |= !frame.is_standard && frame.path.contains("spawn");
            met.polled |= frame.path.ends_with("::poll") || frame.path.contains("::block_on");
        }
        let Some(caller) = caller else {
            met.repeated |= place.a_loop.is_some();
            return Some((function, met));
        };
        let inlined = self.code.program.object(function).inlined();
        // The copy that the caller is, unless it is the function itself.
        let copy = caller.checked_sub(1).map(|level| place.copies[level]);
        met.looped |= place.a_loop.as_ref().is_some_and(|found| match copy {
            None => true,
            Some(copy) => {
                let copy = inlined.copy(function.section, copy);
                found.entries.iter().all(|entry| copy.contains(*entry))
            }
        });
        let linkage = match copy {
            None => self.linkage(function),
            Some(copy) => inlined.name(function.section, copy).into(),
        };
        let caller = self.node(&linkage);
        let (how, looped) = met.summary();
        let places = self.places.entry((callee, function, copy, how)).or_default();
        places.insert(place.offset);
        let places = places.len();
        self.graph.add(Edge {
            callee,
            caller,
            how,
            looped,
            places,
        });
        None
    }

    fn linkage(&self, function: Atom) -> Box<str> {
        let id = self.code.program.id(function);
        id.map_or("", |id| self.names.text(id.linkage)).into()
    }

    fn function_of(&mut self, function: Atom) -> Rc<Function> {
        let linkage = self.linkage(function);
        self.function(&linkage)
    }

    /// The functions that a function is part of.
    pub(super) fn containers(&mut self, linkage: &str) -> Vec<Atom> {
        self.inlined(linkage).iter().map(|place| place.function).collect()
    }

    /// All copies of a function that are functions of their own.
    pub(super) fn copies(&self, linkage: &str) -> &[Atom] {
        let copies = self.names.get(linkage).and_then(|name| self.copies.get(&name));
        copies.map_or(&[], Vec::as_slice)
    }

    /// What stands for a hot function where it is called, by linkage names.
    fn trampolines(&mut self, path: &str) -> Vec<Box<str>> {
        let identifier = paths::identifier(path);
        let program = self.code.program;
        let mut candidates: HashSet<Box<str>> = HashSet::default();
        let named = self.copies.keys().map(|name| self.names.text(*name));
        candidates.extend(named.filter(|name| name.contains(identifier)).map(Box::from));
        for object in program
            .objects
            .iter()
            .filter(|object| object.mentions(identifier))
        {
            let names = object.inlined().names();
            candidates.extend(names.filter(|name| name.contains(identifier)).map(Box::from));
        }
        candidates.retain(|linkage| {
            let function = self.function(linkage);
            function.path == path && !function.is_body
        });
        candidates.into_iter().collect()
    }
}
