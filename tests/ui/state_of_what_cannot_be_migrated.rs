struct Plain;

fn main() {
    hotpatch::State::new(Plain);
}
