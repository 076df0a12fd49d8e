//! The addresses and names under which classmates reach this machine. `terminal.rs` prints them at the
//! start.
//!
//! std cannot list the network interfaces, so the system's own program is asked, whichever there is.
//! Where there is none, the addresses of the default routes have to do. Read [`reachable`] first.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use std::{collections::HashSet, iter, thread};

/// How long a program may take to answer.
const PROGRAM_TIME: Duration = Duration::from_secs(1);
/// How long all names together may take to resolve.
const NAMES_TIME: Duration = Duration::from_millis(250);

/// The programs that list the interfaces with their addresses: Linux's (`/sbin` is not on everyone's
/// `PATH`), that of macOS and BSD, Windows', and one that says the addresses only.
const PROGRAMS: &str =
    "ip -o addr show up,/sbin/ip -o addr show up,ifconfig,/sbin/ifconfig,ipconfig,hostname -I";

/// Interfaces that lead only to containers and virtual machines of this machine: how their names begin on
/// Unix, and what stands in their titles on Windows.
const VIRTUAL: [&[&str]; 2] = [
    &[
        "docker", "veth", "virbr", "vmnet", "vboxnet", "vnic", "lxcbr", "lxdbr", "incusbr", "podman", "cni",
        "flannel", "cali", "cilium", "kube", "dummy",
    ],
    &["virtualbox", "vmware", "vethernet (wsl", "vethernet (default switch"],
];
/// Those of VPNs, likewise: only others in the same VPN reach their addresses.
#[rustfmt::skip]
const VPN: [&[&str]; 2] = [
    &["tun", "tap", "utun", "wg", "ppp", "ipsec", "tailscale", "zt", "feth", "ham", "gpd", "cscotun", "nordlynx",
      "proton", "warp"],
    &["vpn", "wireguard", "tailscale", "zerotier", "hamachi", "warp"],
];

/// An address of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// Whether it is that of a VPN.
    pub is_vpn: bool,
}

/// The addresses that other machines can reach, the most useful first.
pub fn reachable() -> Vec<Address> {
    let list = |program| Some(parse(&ask(program)?)).filter(|found| !found.is_empty());
    let listed = PROGRAMS.split(',').find_map(list);
    let routes = default_routes();
    let found = listed.unwrap_or_else(|| routes.iter().map(|ip| (String::new(), *ip)).collect());
    choose(found, &routes)
}

/// The name of this machine, or nothing.
pub fn machine_name() -> String {
    ask("hostname").unwrap_or_default().trim().to_string()
}

/// Those of `names` that resolve to one of the addresses.
pub fn names_of<'a>(addresses: &[Address], names: &'a [String]) -> Vec<&'a String> {
    let resolve = |name: &String| {
        let name = name.clone();
        in_thread(move || (name.as_str(), 0).to_socket_addrs().map(Vec::from_iter).unwrap_or_default())
    };
    let answers: Vec<Receiver<Vec<SocketAddr>>> = names.iter().map(resolve).collect();
    let deadline = Instant::now() + NAMES_TIME;
    let is_ours = |found: &SocketAddr| addresses.iter().any(|address| address.ip == found.ip());
    let is_known = |answer: &Receiver<Vec<SocketAddr>>| {
        let left = deadline.saturating_duration_since(Instant::now());
        answer.recv_timeout(left).is_ok_and(|found| found.iter().any(is_ours))
    };
    iter::zip(names, answers).filter(|(_, answer)| is_known(answer)).map(|(name, _)| name).collect()
}

/// What a program prints, or nothing if there is no such program or it takes too long. (Shortcut: one that
/// hangs is left hanging.)
fn ask(program: &str) -> Option<String> {
    let mut words = program.split(' ');
    let mut command = Command::new(words.next()?);
    command.args(words).stdin(Stdio::null()).env("LC_ALL", "C");
    let output = in_thread(move || command.output().ok()).recv_timeout(PROGRAM_TIME).ok()??;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a function that may hang on a thread of its own. The answer comes through the channel, or never.
fn in_thread<T: Send + 'static>(function: impl FnOnce() -> T + Send + 'static) -> Receiver<T> {
    let (sender, receiver) = mpsc::channel();
    let run = move || drop(sender.send(function()));
    let _ = thread::Builder::new().spawn(run); // if that fails, the sender is dropped
    receiver
}

/// The addresses in what one of the programs has printed, each with its interface in lower case.
pub fn parse(output: &str) -> Vec<(String, IpAddr)> {
    // `hostname -I` prints addresses and nothing else.
    let plain: Option<Vec<IpAddr>> = output.split_whitespace().map(address).collect();
    if let Some(plain) = plain {
        return plain.into_iter().map(|ip| (String::new(), ip)).collect();
    }
    let mut interface = String::new();
    let mut found = Vec::new();
    for line in output.lines() {
        if line.starts_with(|c: char| !c.is_whitespace()) {
            // `Ethernet adapter Ethernet 2:`, `eth0: flags=…`, `2: eth0    inet …`
            let mut words = line.split([' ', '\t', ':']).filter(|word| word.parse::<u32>().is_err());
            let title = line.trim_end().strip_suffix(':');
            interface =
                title.or_else(|| words.find(|word| !word.is_empty())).unwrap_or_default().to_lowercase();
        }
        let mut words = line.split_whitespace();
        let has_address = words.clone().any(|word| ["inet", "inet6"].contains(&word) || word.contains("IPv"));
        let is_usable = !words.clone().any(|word| ["deprecated", "tentative", "dadfailed"].contains(&word));
        // Behind the address stand others: the netmask, the broadcast address, the other end.
        if let Some(ip) = words.find_map(address).filter(|_| has_address && is_usable) {
            found.push((interface.clone(), ip));
        }
    }
    found
}

/// `192.0.2.7`, `192.0.2.7/24`, `addr:192.0.2.7`, `fe80::1%en0`
fn address(word: &str) -> Option<IpAddr> {
    word.trim_start_matches("addr:").split(['/', '%', '(']).next()?.parse().ok()
}

/// The addresses out of `found` that other machines can reach, in this order: a local network's before a
/// VPN's, IPv4 before IPv6, that of a default route first. Of an interface's IPv6 addresses one will do.
pub fn choose(mut found: Vec<(String, IpAddr)>, routes: &[IpAddr]) -> Vec<Address> {
    found.retain(|(interface, ip)| is_reachable(interface, *ip));
    // An address that no server gave (169.254.…) is all that two laptops on one cable have.
    let is_makeshift = |ip: IpAddr| matches!(ip, IpAddr::V4(ip) if ip.is_link_local());
    found.sort_by_key(|(interface, ip)| {
        (is_one_of(VPN, interface), ip.is_ipv6(), !routes.contains(ip), is_makeshift(*ip))
    });
    let mut have_ipv6 = HashSet::new();
    found.retain(|(interface, ip)| ip.is_ipv4() || have_ipv6.insert(interface.clone()));
    let address = |(interface, ip): (String, IpAddr)| Address { ip, is_vpn: is_one_of(VPN, &interface) };
    found.into_iter().map(address).collect()
}

fn is_reachable(interface: &str, ip: IpAddr) -> bool {
    // Docker calls the bridge of a network `br-` and twelve hexadecimal digits; 172.17.0.1 is its first.
    let id = interface.strip_prefix("br-").unwrap_or_default();
    let is_docker = id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit());
    let is_docker = is_docker || interface.is_empty() && ip == IpAddr::V4(Ipv4Addr::new(172, 17, 0, 1));
    let is_loopback = ip.is_loopback() || ["lo", "lo0", "loopback0"].contains(&interface);
    let is_link_local = matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    !(is_docker || is_loopback || is_link_local || ip.is_unspecified() || is_one_of(VIRTUAL, interface))
}

fn is_one_of([names, titles]: [&[&str]; 2], interface: &str) -> bool {
    match interface.contains(' ') {
        false => names.iter().any(|name| interface.starts_with(name)),
        true => titles.iter().any(|title| interface.contains(title)),
    }
}

/// The addresses of this machine on the default routes.
///
/// A UDP socket that is connected to a remote address knows from which address it would send. Connecting
/// sends nothing, and 192.0.2.1 and 2001:db8::1 exist only in documentation (RFC 5737, RFC 3849).
fn default_routes() -> Vec<IpAddr> {
    let routes = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    let own_address = |(here, there): (&str, &str)| {
        let socket = UdpSocket::bind(here).ok()?;
        socket.connect(there).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    routes.into_iter().filter_map(own_address).collect()
}
