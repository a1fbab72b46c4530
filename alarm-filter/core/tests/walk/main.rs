//! An exhaustive walk of a small world: from its beginning every act in every state, breadth first, as deep as goes in
//! some seconds; every state and every step is held against the laws (`laws.rs`) and against the procedure written down a
//! second time (`model.rs`). `GRIDWARD_WALK=2` goes two steps deeper.
//!
//! States are the same when their rows are, without the counts of inputs in them, at the same time.
#![expect(clippy::unwrap_used, clippy::panic, reason = "in the helpers of tests a surprise is a failure")]

mod laws;
mod model;
#[path = "../small/mod.rs"]
mod small;
mod world;

use alarm_core::engine::Engine;
use alarm_core::time::Timestamp;
use laws::Broken;
use model::Model;
use small::{Papers, Shown};
use std::collections::BTreeSet;
use world::Act;

/// One state, and how it was come to.
struct Node {
    engine: Engine,
    /// The fold of all events since the beginning.
    folded: Engine,
    model: Model,
    now: Timestamp,
    path: Vec<u8>,
}

/// How far it went.
struct Walked {
    depth: usize,
    states: usize,
    steps: usize,
}

struct Walk<'a> {
    papers: Papers,
    acts: &'a [Act],
    seen: BTreeSet<u64>,
    walked: Walked,
}

impl Walk<'_> {
    /// The child by one act; `None`: not possible here, or seen already.
    fn child(&mut self, node: &Node, restored: &Engine, i: usize) -> Result<Option<Node>, Broken> {
        let act = self.acts[i];
        let mut engine = node.engine.clone();
        let Some(mut records) = act.apply(&mut engine, node.now) else { return Ok(None) };
        self.walked.steps += 1;
        laws::step(&node.engine, act, &records)?;
        let now = act.after(node.now);
        let mut folded = node.folded.clone();
        small::fold(&mut folded, &records);
        laws::folds(&Shown::of(&engine), &folded, restored, act, node.now, &records)?;
        if let Act::Wait(_) = act {
            laws::late(&node.engine, now, &records)?;
        }
        // What fell due by what was just done.
        let due = engine.advance(now).records;
        small::fold(&mut folded, &due);
        records.extend(due);
        let mut model = node.model.clone();
        let off = |s| engine.world().watch(&world::key(Some(s))).and_then(|w| w.off.as_ref());
        model.step(act, |s| off(s).map_or(now, |off| off.until));
        laws::state(&engine, &model)?;
        let mut same = small::without_counts(&Shown::of(&engine));
        same.extend(format!("{model:?}").bytes());
        if !self.seen.insert(small::hash(&same)) {
            return Ok(None);
        }
        self.walked.states += 1;
        let mut path = node.path.clone();
        path.push(u8::try_from(i).unwrap());
        Ok(Some(Node { engine, folded, model, now, path }))
    }

    fn run(&mut self, sources: bool, begin: &[Act], depth: usize) {
        let mut engine = small::learned(&self.papers);
        let mut folded = engine.clone();
        for input in world::first(sources) {
            small::fold(&mut folded, &engine.handle(world::START, input).records);
        }
        let mut model = Model::new(sources, world::START);
        for act in begin {
            small::fold(&mut folded, &act.apply(&mut engine, world::START).unwrap());
            model.step(*act, |_| world::START);
        }
        let mut level = vec![Node { engine, folded, model, now: world::START, path: Vec::new() }];
        for d in 1..=depth {
            let mut next = Vec::new();
            for node in level.drain(..) {
                let told = |acts: &[Act], path: &[u8], why: Broken| -> ! {
                    let story: Vec<Act> = path.iter().map(|i| acts[usize::from(*i)]).collect();
                    panic!("{why}\nafter {story:#?}")
                };
                let at_node = laws::rows(&self.papers, &node.engine).and_then(|r| laws::past(&node.engine).map(|()| r));
                let restored = at_node.unwrap_or_else(|why| told(self.acts, &node.path, why));
                for i in 0..self.acts.len() {
                    match self.child(&node, &restored, i) {
                        // The last level is only looked at.
                        Ok(child) if d < depth => next.extend(child),
                        Ok(_) => {}
                        Err(why) => {
                            let mut path = node.path.clone();
                            path.push(u8::try_from(i).unwrap());
                            told(self.acts, &path, why);
                        }
                    }
                }
            }
            self.walked.depth = d;
            level = next;
        }
    }
}

/// Steps deeper than usual, for those who have the time.
#[expect(clippy::disallowed_methods, reason = "a test asks how long it may take; the rules ask nothing")]
fn deeper() -> usize {
    std::env::var("GRIDWARD_WALK").ok().and_then(|v| v.parse().ok()).unwrap_or(0)
}

fn walk(what: &str, acts: &[Act], sources: bool, depth: usize) {
    walk_from(what, &[], acts, sources, depth);
}

/// The same from what these acts lead to.
fn walk_from(what: &str, begin: &[Act], acts: &[Act], sources: bool, depth: usize) {
    let walked = Walked { depth: 0, states: 1, steps: 0 };
    let mut walk = Walk { papers: world::papers(), acts, seen: BTreeSet::new(), walked };
    walk.run(sources, begin, depth + deeper());
    let Walked { depth, states, steps } = walk.walked;
    println!("{what}: {} acts, {depth} deep, {states} states, {steps} steps", acts.len());
}

#[test]
fn everything() {
    walk("everything", &world::everything(), true, 3);
}

#[test]
fn under_a_host_with_sources_that_settle() {
    walk("under a host", &world::under_a_host(), true, 3);
}

#[test]
fn under_a_host_where_only_time_settles() {
    walk("under a host, no sources", &world::under_a_host(), false, 4);
}

#[test]
fn what_people_do() {
    let both_fail = [0, 1].map(|s| Act::Service(s, alarm_core::state::State::Critical, true));
    walk_from("what people do", &both_fail, &world::people(), true, 4);
}

#[test]
fn long_stories() {
    walk("long stories", &world::long_stories(), true, 5);
}
