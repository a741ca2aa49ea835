//! From the graph of callers to the reason.
//!
//! A reason says "only" when every way on which the program comes to a function has the same part: a loop, the start
//! of a thread, an address. Everything else is called on the way from where the program begins.

use super::graph::{ASYNCHRONOUS, Edge, Graph, How, Index, Kind};
use super::paths::enclosing;
use super::reason::{Holder, Reason, Started, Way};

/// Why the functions of `start`, which have one path, stay as they were. `hot` are hot functions.
pub(super) fn reason(graph: &Graph, start: &[Index], hot: &[Index]) -> Reason {
    if start.iter().any(|node| graph.nodes[*node].kind == Kind::Main) {
        return Reason::Entered;
    }
    let case = Case {
        graph,
        start,
        ancestors: graph.ancestors(start, |_| true),
    };
    let tops = case.ancestors.iter().copied().filter(|node| graph.is_top(*node));
    let roots: Vec<_> = tops
        .filter(|node| graph.nodes[*node].kind != Kind::Function)
        .collect();
    if roots.is_empty() {
        return Reason::Uncalled { way: case.way(&[]) };
    }
    let a_loop = case.a_loop(hot);
    let reason = a_loop.or_else(|| case.started()).or_else(|| case.address());
    reason.unwrap_or_else(|| case.reached(roots))
}

struct Case<'a> {
    graph: &'a Graph,
    start: &'a [Index],
    /// Nearest first, `start` included.
    ancestors: Vec<Index>,
}

impl Case<'_> {
    fn edges(&self) -> impl Iterator<Item = Edge> {
        self.ancestors.iter().flat_map(|node| self.graph.above(*node))
    }

    fn a_loop(&self, hot: &[Index]) -> Option<Reason> {
        let is_of = |node: Index| move |edge: Edge| edge.looped && edge.caller == node;
        let candidates = self.ancestors.iter().copied();
        let of = candidates
            .filter(|node| self.edges().any(is_of(*node)))
            .find(|node| {
                self.graph.is_entered_once(*node, &ASYNCHRONOUS)
                    && self.graph.is_cut_by(self.start, is_of(*node))
            })?;
        let above = self.graph.ancestors(&[of], |_| true);
        let mut started = above
            .iter()
            .flat_map(|node| self.graph.above(*node))
            .filter_map(|edge| {
                let what = match edge.how {
                    How::Thread => Started::Thread,
                    How::Task => Started::Task,
                    _ => return None,
                };
                Some((what, self.name(edge.caller).to_owned()))
            });
        let living = self.graph.ancestors(hot, |_| true);
        let running = living.iter().any(|node| self.graph.above(*node).any(is_of(of)));
        let mut calls: Vec<_> = self
            .edges()
            .filter(|edge| is_of(of)(*edge))
            .map(|edge| edge.callee)
            .collect();
        calls.dedup();
        let name = self.name(of);
        Some(Reason::Loop {
            way: self.way(&[name.to_owned()]),
            of: name.to_owned(),
            running,
            started: started.next(),
            calls: self.candidate(&calls),
        })
    }

    /// What can become a hot function: the one function that a loop calls, or else the one that changed.
    fn candidate(&self, calls: &[Index]) -> Option<String> {
        let one = |nodes: &[Index]| match nodes {
            [node] => Some(self.graph.nodes[*node].path.clone()),
            _ => None,
        };
        let suitable = |path: &String| !path.contains(['<', '{']);
        let called = one(calls).filter(suitable);
        called.or_else(|| one(self.start).filter(suitable))
    }

    fn started(&self) -> Option<Reason> {
        let cut = |how: How| {
            let starts = move |edge: Edge| edge.how == how;
            let is_cut = self.graph.is_cut_by(self.start, starts);
            is_cut.then(|| self.names(self.edges().filter(|edge| starts(*edge)).map(|edge| edge.caller)))
        };
        if let Some(by) = cut(How::Thread) {
            let way = self.way(&by);
            return Some(Reason::Thread { way, by });
        }
        let by = cut(How::Task)?;
        let way = self.way(&by);
        Some(Reason::Task { way, by })
    }

    fn address(&self) -> Option<Reason> {
        let is_address =
            |edge: Edge| edge.how == How::Address && self.graph.nodes[edge.caller].kind != Kind::Static;
        if !self.graph.is_cut_by(self.start, is_address) {
            return None;
        }
        let taken: Vec<_> = self.edges().filter(|edge| is_address(*edge)).collect();
        let by = self.names(taken.iter().map(|edge| edge.caller));
        let holders: Vec<_> = taken
            .iter()
            .map(|edge| holder(&self.graph.nodes[edge.callee].path))
            .collect();
        let same = holders.iter().all(|holder| *holder == holders[0]);
        let is_direct = taken.iter().any(|edge| self.start.contains(&edge.callee));
        Some(Reason::Address {
            way: if is_direct { Way::default() } else { self.way(&by) },
            holder: if same { holders[0] } else { Holder::Objects },
            by,
        })
    }

    fn reached(&self, roots: Vec<Index>) -> Reason {
        let from = self.names(roots.iter().copied());
        let way = self.way(&from);
        if roots
            .iter()
            .all(|node| self.graph.nodes[*node].kind == Kind::Static)
        {
            return Reason::Static { way, names: from };
        }
        let callers = self
            .start
            .iter()
            .flat_map(|node| self.graph.above(*node))
            .map(|edge| edge.caller);
        let mut next = callers.flat_map(|node| self.graph.above(node));
        let directly = next.all(|edge| roots.contains(&edge.caller));
        Reason::Reached { way, from, directly }
    }

    /// The callers, but for those that the rest of the reason names.
    fn way(&self, rest: &[String]) -> Way {
        let edges: Vec<_> = self
            .start
            .iter()
            .flat_map(|node| self.graph.above(*node))
            .collect();
        let mut by = self.names(edges.iter().map(|edge| edge.caller));
        let is_itself = |name: &String| {
            self.start
                .iter()
                .any(|node| self.graph.nodes[*node].path == *name)
        };
        by.retain(|name| !is_itself(name));
        if by.iter().all(|name| rest.contains(name)) {
            by.clear();
        }
        Way {
            by,
            inlined: !edges.is_empty() && edges.iter().all(|edge| edge.how == How::Inlined),
        }
    }

    fn name(&self, node: Index) -> &str {
        enclosing(&self.graph.nodes[node].path)
    }

    fn names(&self, nodes: impl IntoIterator<Item = Index>) -> Vec<String> {
        let mut names: Vec<_> = nodes.into_iter().map(|node| self.name(node).to_owned()).collect();
        names.sort();
        names.dedup();
        names
    }
}

fn holder(path: &str) -> Holder {
    if path.ends_with("}") {
        Holder::Closures
    } else if path.starts_with('<') {
        Holder::Objects
    } else {
        Holder::Pointers
    }
}

#[cfg(test)]
mod tests {
    use super::super::graph::tests::{find, graph};
    use super::*;

    /// The reason of `f`. `tick` is hot.
    fn check(ways: &str, expected: &str) {
        let graph = graph(ways);
        let hot: Vec<_> = (0..graph.nodes.len())
            .filter(|node| graph.nodes[*node].path == "tick")
            .collect();
        let start = [find(&graph, "f")];
        let graph = graph.without_uncalled(&start);
        assert_eq!(reason(&graph, &start, &hot).to_string(), expected, "{ways}");
    }

    #[test]
    fn what_only_main_calls() {
        check("main > f", "only called by `main`, which runs once");
        check(
            "main > setup > f",
            "only called by `setup`, which only `main` calls",
        );
        check(
            "main > a > b > f",
            "only called by `b`, which is only reached from `main`",
        );
        check(
            "main > a > f, main > b > c > f, main > d > f",
            "only called by `a`, `c` and 1 more, which are only reached from `main`",
        );
        check(
            "main > main::{{closure}} > f",
            "only called by `main`, which runs once",
        );
        check(
            "main > a > f, f::{{closure}} > f, f > f::{{closure}}",
            "only called by `a`, which is only reached from `main`",
        );
        check("main > f, lonely > f", "only called by `main`, which runs once");
        check("main > f > f", "only called by `main`, which runs once");
    }

    #[test]
    fn what_a_loop_calls() {
        check(
            "main > run* > f, run* > tick",
            "only called from the loop in `run`, which is running",
        );
        check(
            "main* > f, main* > tick",
            "only called from the loop in `main`, which is running",
        );
        check(
            "main > run* > f, main* > tick",
            "only called from the loop in `run`, which is not entered again",
        );
        check(
            "main > run* > frame > f, run* > tick",
            "only called by `frame`, from the loop in `run`, which is running",
        );
        // Two ways, one loop.
        check(
            "main > run* > frame > a > f, frame > b > f, run* > tick",
            "only called by `a` and `b`, from the loop in `run`, which is running",
        );
        // The inner loop begins again in each round of the outer one.
        check(
            "main* > run* > f, main* > tick",
            "only called by `run`, from the loop in `main`, which is running",
        );
        // Once before the loop, and then in it.
        check(
            "main > f, main* > f, main* > tick",
            "only called by `main`, which runs once",
        );
        check(
            "main+ > work* > f",
            "only called from the loop in `work`, on the thread that `main` started",
        );
    }

    #[test]
    fn the_function_that_the_loop_calls_can_become_hot() {
        for (ways, expected) in [
            ("main > run* > f", Some("f")),
            ("main > run* > frame > f", Some("frame")),
            ("main > run* > run::{{closure}} > f", Some("f")),
            ("main > run* > a > f, run* > b > f", Some("f")),
        ] {
            let graph = graph(ways);
            let Reason::Loop { calls, .. } = reason(&graph, &[find(&graph, "f")], &[]) else {
                panic!("{ways}")
            };
            assert_eq!(calls.as_deref(), expected, "{ways}");
        }
    }

    #[test]
    fn what_threads_and_tasks_call() {
        check("main+ > f", "only called from the thread that `main` started");
        check(
            "main+ > main::{{closure}} > f",
            "only called from the thread that `main` started",
        );
        check(
            "main+ > worker > f",
            "only called by `worker`, on the thread that `main` started",
        );
        check("main& > f", "only called from a task that `main` started");
        check(
            "main& > serve > f",
            "only called by `serve`, in a task that `main` started",
        );
        check(
            "main~ > main::{{closure}} > f",
            "only called by `main`, which runs once",
        );
        check(
            "main~ > main::{{closure}}& > serve* > f",
            "only called from the loop in `serve`, in a task that `main` started",
        );
        check(
            "main~ > main::{{closure}}* > f, main::{{closure}}* > tick",
            "only called from the loop in `main`, which is running",
        );
        check("main+ > f, main > f", "only called by `main`, which runs once");
    }

    #[test]
    fn what_objects_and_pointers_lead_to() {
        check(
            "main@ > f",
            "only called through function pointers that `main` made, which keep the old code",
        );
        check(
            "main > pet@ > <Cat as Noise>::noise > f",
            "only called by `<Cat as Noise>::noise`, through objects that `pet` made",
        );
        check(
            "TABLE@ > f",
            "only called through the static `TABLE`, which keeps its value",
        );
        check("TABLE@ > g > f", "only called by `g`, through the static `TABLE`");
    }

    #[test]
    fn what_nothing_calls() {
        check("main > g, f", "nothing calls it");
        check("lonely > f", "only called by `lonely`, which nothing calls");
    }

    #[test]
    fn what_was_inlined() {
        check("main= > f", "inlined into `main`, which runs once");
        check("main > run= > f", "inlined into `run`, which only `main` calls");
        check(
            "main > run*= > f, run* > tick",
            "inlined into the loop in `run`, which is running",
        );
        check(
            "main > run* > frame= > f, run* > tick",
            "inlined into `frame`, which is only called from the loop in `run`, which is running",
        );
    }
}
