//! A contract for authors in C and C++: what their manifest must say.

use core::fmt::Write;

use super::Contract;

impl Contract {
    /// The contract as definitions for C and C++, to be written to a header: its version, and for each function the name, the
    /// signature with its hash, and the layout of the types.
    ///
    /// The names are made of those of contract and function: `TILL_VERSION`, `TILL_TOTAL_SIGNATURE`, `TILL_TOTAL_SHOWN`,
    /// `TILL_TOTAL_LAYOUT`.
    pub fn c_definitions(&self) -> String {
        let mut out = String::new();
        let contract = shouted(self.name);
        let version = self.version;
        // Writing to a text never fails.
        let _ = writeln!(out, "/* The contract `{}` {version}. */\n", self.name);
        let _ = writeln!(
            out,
            "#ifndef HOTPATCH_CONTRACT_{contract}\n#define HOTPATCH_CONTRACT_{contract}\n"
        );
        let (major, minor, patch) = (version.major, version.minor, version.patch);
        let _ = writeln!(out, "#define {contract}_NAME {:?}", self.name);
        let _ = writeln!(out, "#define {contract}_VERSION {{{major}, {minor}, {patch}}}");
        for function in self.functions {
            let name = format!("{contract}_{}", shouted(function.name));
            let _ = writeln!(out, "\n/* {}\n *", function.shown);
            for line in function.layout.lines() {
                let _ = writeln!(out, " * {line}");
            }
            let (input, output) = (function.input_size, function.output_size());
            let _ = writeln!(
                out,
                " *\n * On this machine, the input has {input} bytes, and the output has {output}. */"
            );
            let _ = writeln!(out, "#define {name}_NAME {:?}", function.name);
            let _ = writeln!(
                out,
                "#define {name}_SIGNATURE UINT64_C(0x{:016x})",
                function.signature
            );
            let _ = writeln!(out, "#define {name}_SHOWN {:?}", function.shown);
            let _ = writeln!(out, "#define {name}_LAYOUT \\");
            let lines: Vec<String> = function
                .layout
                .lines()
                .map(|line| format!("    {:?}", format!("{line}\n")))
                .collect();
            let _ = writeln!(out, "{}", lines.join(" \\\n"));
        }
        let _ = writeln!(out, "\n#endif");
        out
    }
}

/// `CamelCase` and `snake_case` as `SNAKE_CASE`.
fn shouted(name: &str) -> String {
    let mut out = String::new();
    for (index, char) in name.char_indices() {
        if char.is_uppercase() && index > 0 && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(char.to_uppercase());
    }
    out
}
