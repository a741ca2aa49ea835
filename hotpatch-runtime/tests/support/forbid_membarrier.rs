//! A filter of system calls that forbids `membarrier`, as some sandboxes have one: the threads of the process cannot announce
//! their scopes without fences, and pin themselves instead.

use libc::{BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, sock_filter, sock_fprog};

/// Before `main`, and so before the test's threads: a filter holds for the threads that are made later.
#[used]
#[unsafe(link_section = ".init_array")]
static FORBID: extern "C" fn() = forbid;

extern "C" fn forbid() {
    let statement = |code: u32, k: u32| sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    };
    let number = u32::try_from(libc::SYS_membarrier).unwrap();
    let mut filter = [
        // The number of the system call.
        statement(BPF_LD | BPF_W | BPF_ABS, 0),
        sock_filter {
            jf: 1,
            ..statement(BPF_JMP | BPF_JEQ | BPF_K, number)
        },
        statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32),
        statement(BPF_RET | BPF_K, libc::SECCOMP_RET_ALLOW),
    ];
    let program = sock_fprog {
        len: 4,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: the filter is a whole program, and lives as long as the call.
    let outcome = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    assert_eq!(outcome, 0, "{}", std::io::Error::last_os_error());
}

#[test]
fn the_filter_is_up() {
    // SAFETY: asks what commands there are.
    let answer = unsafe { libc::syscall(libc::SYS_membarrier, 0, 0, 0) };
    assert_eq!(
        (answer, std::io::Error::last_os_error().raw_os_error()),
        (-1, Some(libc::ENOSYS))
    );
}
