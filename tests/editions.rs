//! The attribute means the same in every edition.

mod fixture;

use fixture::Fixture;

#[test]
fn every_edition() {
    let fixture = Fixture::new("editions");
    for edition in ["of2018", "of2021", "of2024"] {
        let output = fixture.cargo(&["run", "-q", "--bin", edition]);
        assert_eq!(
            output, "abcd nothing ab\naa 5\nSome(\"ab\")  cd\n cd/ cd\n",
            "{edition}"
        );
    }
}
