#[hotpatch_module::contract(version = "1.0.0")]
pub unsafe trait Pricing {
    async fn wait(&self) -> u32;
    unsafe fn trust(&self) -> u32;
    extern "C" fn quote(&self) -> u32;
    #[cfg(unix)]
    fn only_here(&self) -> u32;
}

fn main() {}
