use hotpatch::State;

fn main() {
    let mut state = State::new(vec![1_u8]);
    let first: &u8 = state.with(|values| &values[0]);
    let mut kept = None;
    state.with_mut(|values| kept = Some(values));
    println!("{first} {kept:?}");
}
