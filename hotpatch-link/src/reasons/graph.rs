//! Who calls whom among the functions that the author of a program wrote: upwards from some of them to where the
//! program begins. Library code in between is left out.

/// The index of a node.
pub(super) type Index = usize;

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Function,
    /// The `main` of the program: called once, before anything was changed.
    Main,
    /// A static that holds the address of a function.
    Static,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// The plain path.
    pub(super) path: String,
    pub(super) kind: Kind,
}

/// How a function comes to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum How {
    /// Its caller calls it, maybe through library code.
    Called,
    /// It is a part of its caller.
    Inlined,
    /// Its caller starts a thread with it.
    Thread,
    /// Its caller gives it to an executor or a pool.
    Task,
    /// It is asynchronous code, and its caller waits for it.
    Polled,
    /// Its caller only takes its address: into a vtable, or as a function pointer.
    Address,
}

/// How code runs that nobody suspends.
pub(super) const SYNCHRONOUS: [How; 3] = [How::Called, How::Inlined, How::Thread];
/// How code runs for which somebody waits, too.
pub(super) const ASYNCHRONOUS: [How; 5] = [How::Called, How::Inlined, How::Thread, How::Task, How::Polled];

/// One way in which one function leads to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    pub(super) callee: Index,
    pub(super) caller: Index,
    pub(super) how: How,
    /// Whether it happens in a loop of the caller.
    pub(super) looped: bool,
    /// At how many places of the caller.
    pub(super) places: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Graph {
    pub(super) nodes: Vec<Node>,
    /// By their callees.
    edges: Vec<Vec<Edge>>,
}

impl Graph {
    pub(super) fn add_node(&mut self, node: Node) -> Index {
        self.nodes.push(node);
        self.edges.push(Vec::new());
        self.nodes.len() - 1
    }

    /// Adds a way. A caller may have several copies: the one with the most places counts.
    pub(super) fn add(&mut self, edge: Edge) {
        let same = |known: &&mut Edge| {
            Edge {
                places: edge.places,
                ..**known
            } == edge
        };
        let known = &mut self.edges[edge.callee];
        match known.iter_mut().find(same) {
            Some(known) => known.places = known.places.max(edge.places),
            None => known.push(edge),
        }
    }

    pub(super) fn above(&self, callee: Index) -> impl Iterator<Item = Edge> {
        let edges = self.edges[callee].iter().copied();
        edges.filter(move |edge| edge.caller != callee)
    }

    fn is_root(&self, node: Index) -> bool {
        self.nodes[node].kind != Kind::Function
    }

    /// All nodes from which one of `start` is reached, nearest first, over edges that count.
    pub(super) fn ancestors(&self, start: &[Index], counts: impl Fn(Edge) -> bool) -> Vec<Index> {
        let mut found = start.to_vec();
        let mut is_found = vec![false; self.nodes.len()];
        for node in start {
            is_found[*node] = true;
        }
        let mut next = 0;
        while let Some(node) = found.get(next).copied() {
            next += 1;
            for edge in self.above(node).filter(|edge| counts(*edge)) {
                if !std::mem::replace(&mut is_found[edge.caller], true) {
                    found.push(edge.caller);
                }
            }
        }
        found
    }

    /// Leaves out the callers that nobody calls: they say nothing about how their callees come to run. Unless nothing
    /// else would be left.
    pub(super) fn without_uncalled(&self, start: &[Index]) -> Self {
        let mut graph = self.clone();
        let rooted = |node| {
            self.ancestors(&[node], |_| true)
                .iter()
                .any(|node| self.is_root(*node))
        };
        if start.iter().any(|node| rooted(*node)) {
            for node in self.ancestors(start, |_| true) {
                graph.edges[node].retain(|edge| rooted(edge.caller));
            }
        }
        graph
    }

    /// Whether every way to `start` has one of the edges.
    pub(super) fn is_cut_by(&self, start: &[Index], edges: impl Fn(Edge) -> bool) -> bool {
        let left = self.ancestors(start, |edge| !edges(edge));
        !left.iter().any(|node| self.is_top(*node))
    }

    /// Whether nothing leads to a node.
    pub(super) fn is_top(&self, node: Index) -> bool {
        self.is_root(node) || self.above(node).next().is_none()
    }

    /// Whether a function is entered once, from `main` on: on one way, in these manners, in no loop and no recursion.
    pub(super) fn is_entered_once(&self, node: Index, manners: &[How]) -> bool {
        let ancestors = self.ancestors(&[node], |_| true);
        // Executors wait at several places.
        let at_one_place = |edge: Edge| edge.places == 1 || matches!(edge.how, How::Polled | How::Task);
        let once = |edge: Edge| !edge.looped && at_one_place(edge) && manners.contains(&edge.how);
        let ends_well = |node: Index| match self.nodes[node].kind {
            Kind::Main => true,
            Kind::Static => false,
            Kind::Function => self.above(node).count() == 1,
        };
        ancestors
            .iter()
            .all(|node| ends_well(*node) && self.above(*node).all(once))
            && ancestors.iter().all(|node| !self.is_in_a_cycle(*node))
    }

    fn is_in_a_cycle(&self, node: Index) -> bool {
        let calls_itself = self.edges[node].iter().any(|edge| edge.caller == node);
        let callers: Vec<_> = self.above(node).map(|edge| edge.caller).collect();
        calls_itself || self.ancestors(&callers, |_| true).contains(&node)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `main > run* > frame`: `run` calls `frame` in a loop, and `main` calls `run`. Ways are separated by commas; the
    /// other marks are `+` for a thread, `&` for a task, `~` for asynchronous code, `@` for an address and `=` for an
    /// inlined function.
    pub(in crate::reasons) fn graph(ways: &str) -> Graph {
        let mut graph = Graph::default();
        for way in ways.split(',') {
            let mut caller: Option<(Index, String)> = None;
            for word in way.split(" > ") {
                let name = word.trim().trim_end_matches(['*', '+', '&', '~', '@', '=']);
                let callee = node(&mut graph, name);
                if let Some((caller, marks)) = caller {
                    let how = match marks.trim_start_matches('*') {
                        "" => How::Called,
                        "=" => How::Inlined,
                        "+" => How::Thread,
                        "&" => How::Task,
                        "~" => How::Polled,
                        "@" => How::Address,
                        other => panic!("{other}"),
                    };
                    let looped = marks.starts_with('*');
                    let places = 1;
                    let new = Edge {
                        callee,
                        caller,
                        how,
                        looped,
                        places,
                    };
                    // A way may begin like the one before it.
                    if !graph.edges[callee].contains(&new) {
                        graph.add(new);
                    }
                }
                caller = Some((callee, word.trim()[name.len()..].to_owned()));
            }
        }
        graph
    }

    fn node(graph: &mut Graph, name: &str) -> Index {
        if let Some(known) = graph.nodes.iter().position(|node| node.path == name) {
            return known;
        }
        let kind = match name {
            "main" => Kind::Main,
            _ if name.chars().all(|c| c.is_uppercase()) => Kind::Static,
            _ => Kind::Function,
        };
        graph.add_node(Node {
            path: name.into(),
            kind,
        })
    }

    pub(in crate::reasons) fn find(graph: &Graph, name: &str) -> Index {
        graph.nodes.iter().position(|node| node.path == name).unwrap()
    }

    #[test]
    fn what_is_called_in_no_loop_is_entered_once() {
        for (ways, once) in [
            ("main > run", true),
            ("main+ > run", true),
            ("main > a > run", true),
            ("main* > run", false),
            ("main* > a > run", false),
            ("main > run, main > a > run", false),
            ("main > a > run, a > b > a", false),
            ("main > run > run", false),
            ("main > run, main* > run", false),
            ("main@ > run", false),
            ("main& > run", false),
            ("TABLE > run", false),
            ("a > run", false),
        ] {
            let graph = graph(ways);
            assert_eq!(
                graph.is_entered_once(find(&graph, "run"), &SYNCHRONOUS),
                once,
                "{ways}"
            );
        }
    }

    #[test]
    fn what_is_called_at_two_places_is_not_entered_once() {
        let mut graph = graph("main > run");
        let run = find(&graph, "run");
        let edge = graph.edges[run][0];
        graph.add(edge);
        assert!(graph.is_entered_once(run, &SYNCHRONOUS));
        graph.add(Edge { places: 2, ..edge });
        assert!(!graph.is_entered_once(run, &SYNCHRONOUS));
    }

    #[test]
    fn callers_that_nobody_calls_do_not_count() {
        let all = graph("main > run, lonely > run");
        let run = find(&all, "run");
        let pruned = all.without_uncalled(&[run]);
        assert_eq!(pruned.above(run).count(), 1);
        let all = graph("lonely > run");
        let run = find(&all, "run");
        assert_eq!(all.without_uncalled(&[run]).above(run).count(), 1);
    }
}
