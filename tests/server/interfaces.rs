//! The addresses of this machine, out of what the programs of several systems print.

use std::{fs, net::IpAddr, os::unix::fs::PermissionsExt};

use partyline::interfaces::{Address, choose, names_of, parse};

use crate::support::folder::{Folder, is_possible};
use crate::support::*;

/// The addresses that are chosen out of `output`, those of VPNs with a `*`, where `routes` are the addresses
/// of the default routes.
fn chosen(output: &str, routes: &[&str]) -> Vec<String> {
    let routes: Vec<IpAddr> = routes.iter().map(|route| route.parse().unwrap()).collect();
    let show = |address: &Address| format!("{}{}", address.ip, if address.is_vpn { "*" } else { "" });
    choose(parse(output), &routes).iter().map(show).collect()
}

/// `ip -o addr show up`
const IP: &str = r"1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
1: lo    inet 10.255.255.254/32 brd 10.255.255.254 scope global lo\       valid_lft forever
1: lo    inet6 ::1/128 scope host \       valid_lft forever preferred_lft forever
2: enp3s0    inet 192.0.2.7/24 brd 192.0.2.255 scope global dynamic enp3s0\       valid_lft 85sec
2: enp3s0    inet6 2001:db8::1/64 scope global temporary deprecated dynamic \       valid_lft 6sec
2: enp3s0    inet6 2001:db8::2/64 scope global tentative dynamic \       valid_lft 86381sec
2: enp3s0    inet6 2001:db8::3/64 scope global temporary dynamic \       valid_lft 86381sec
2: enp3s0    inet6 2001:db8::4/64 scope global dynamic mngtmpaddr \       valid_lft 86381sec
2: enp3s0    inet6 fe80::1/64 scope link \       valid_lft forever preferred_lft forever
3: wlp2s0    inet 198.51.100.7/24 brd 198.51.100.255 scope global wlp2s0\       valid_lft forever
4: docker0    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0\       valid_lft forever
5: br-0123456789ab    inet 172.18.0.1/16 brd 172.18.255.255 scope global br-0123456789ab\       valid_lft
6: virbr0    inet 192.168.122.1/24 brd 192.168.122.255 scope global virbr0\       valid_lft forever
7: br-lan    inet 203.0.113.7/24 brd 203.0.113.255 scope global br-lan\       valid_lft forever
8: tun0    inet 10.8.0.6 peer 10.8.0.5/32 scope global tun0\       valid_lft forever preferred_lft forever
9: tailscale0    inet 100.64.0.7/32 scope global tailscale0\       valid_lft forever preferred_lft forever
10: veth1a2b3c4    inet 169.254.7.7/16 brd 169.254.255.255 scope link veth1a2b3c4\       valid_lft forever
11: usb0    inet 169.254.9.9/16 brd 169.254.255.255 scope link usb0\       valid_lft forever
";

#[test]
fn linux_the_default_route_comes_first_then_the_local_networks_then_vpns() {
    let rest = ["203.0.113.7", "169.254.9.9", "2001:db8::3", "10.8.0.6*", "100.64.0.7*"];
    let with = |first: [&'static str; 2]| [&first[..], &rest].concat();
    assert_eq!(chosen(IP, &["192.0.2.7"]), with(["192.0.2.7", "198.51.100.7"]));
    assert_eq!(chosen(IP, &["198.51.100.7"]), with(["198.51.100.7", "192.0.2.7"]));
    // A network without a gateway; a VPN that holds the default route.
    assert_eq!(chosen(IP, &[]), with(["192.0.2.7", "198.51.100.7"]));
    assert_eq!(chosen(IP, &["10.8.0.6"]), with(["192.0.2.7", "198.51.100.7"]));
    // The address that the machine itself would send from is the better one of several.
    assert!(chosen(IP, &["2001:db8::4"]).contains(&"2001:db8::4".to_string()));
    // Nothing but loopback and Docker.
    let lines: Vec<&str> =
        IP.lines().filter(|line| line.contains("lo ") || line.contains("docker")).collect();
    assert_eq!(chosen(&lines.join("\n"), &[]), [""; 0]);
}

#[test]
fn ifconfig_of_three_systems() {
    let macos = "lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 16384
\toptions=1203<RXCSUM,TXCSUM,TXSTATUS,SW_TIMESTAMP>
\tinet 127.0.0.1 netmask 0xff000000
\tinet6 ::1 prefixlen 128
\tinet6 fe80::1%lo0 prefixlen 64 scopeid 0x1
\tnd6 options=201<PERFORMNUD,DAD>
en0: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tether 02:00:00:00:00:01
\tinet6 fe80::1c0f:1%en0 prefixlen 64 secured scopeid 0xb
\tinet6 2001:db8::aa prefixlen 64 deprecated autoconf secured
\tinet6 2001:db8::bb prefixlen 64 autoconf temporary
\tinet 192.0.2.8 netmask 0xffffff00 broadcast 192.0.2.255
\tnd6 options=201<PERFORMNUD,DAD>
\tstatus: active
awdl0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tinet6 fe80::2%awdl0 prefixlen 64 scopeid 0xd
utun4: flags=8051<UP,POINTOPOINT,RUNNING,MULTICAST> mtu 1380
\tinet 10.9.0.2 --> 10.9.0.1 netmask 0xffffffff
vmnet8: flags=8863<UP,BROADCAST,SMART,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tinet 172.16.5.1 netmask 0xffffff00 broadcast 172.16.5.255
";
    assert_eq!(chosen(macos, &["10.9.0.2"]), ["192.0.2.8", "2001:db8::bb", "10.9.0.2*"]);
    let linux = "docker0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 172.17.0.1  netmask 255.255.0.0  broadcast 172.17.255.255

eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>  mtu 1500
        inet 192.0.2.9  netmask 255.255.255.0  broadcast 192.0.2.255
        inet6 fe80::9  prefixlen 64  scopeid 0x20<link>
        inet6 fd00::9  prefixlen 64  scopeid 0x0<global>
        ether 02:00:00:00:00:09  txqueuelen 1000  (Ethernet)
";
    assert_eq!(chosen(linux, &[]), ["192.0.2.9", "fd00::9"]);
    let busybox = "eth0      Link encap:Ethernet  HWaddr 02:00:00:00:00:0A
          inet addr:192.0.2.10  Bcast:192.0.2.255  Mask:255.255.255.0
          inet6 addr: fe80::a/64 Scope:Link
          inet6 addr: 2001:db8::a/64 Scope:Global
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1

ppp0      Link encap:Point-to-Point Protocol
          inet addr:10.7.0.2  P-t-P:10.7.0.1  Mask:255.255.255.255

lo        Link encap:Local Loopback
          inet addr:127.0.0.1  Mask:255.0.0.0
";
    assert_eq!(chosen(busybox, &["10.7.0.2"]), ["192.0.2.10", "2001:db8::a", "10.7.0.2*"]);
}

#[test]
fn ipconfig_in_two_languages_and_hostname() {
    let windows = "\r\nWindows IP Configuration\r\n\r\n
Ethernet adapter vEthernet (WSL (Hyper-V firewall)):\r\n
   Connection-specific DNS Suffix  . :\r
   IPv4 Address. . . . . . . . . . . : 172.28.16.1\r
   Subnet Mask . . . . . . . . . . . : 255.255.240.0\r
   Default Gateway . . . . . . . . . :\r\n
Ethernet adapter VirtualBox Host-Only Network:\r\n
   IPv4 Address. . . . . . . . . . . : 192.168.56.1\r\n
Unknown adapter Tailscale:\r\n
   IPv4 Address. . . . . . . . . . . : 100.64.0.8\r\n
Wireless LAN adapter Wi-Fi:\r\n
   Connection-specific DNS Suffix  . : lab.example\r
   IPv6 Address. . . . . . . . . . . : 2001:db8::c\r
   Temporary IPv6 Address. . . . . . : 2001:db8::d\r
   Link-local IPv6 Address . . . . . : fe80::c%12\r
   IPv4 Address. . . . . . . . . . . : 192.0.2.11\r
   Subnet Mask . . . . . . . . . . . : 255.255.255.0\r
   Default Gateway . . . . . . . . . : fe80::1%12\r
                                       192.0.2.1\r
";
    assert_eq!(chosen(windows, &["192.0.2.11"]), ["192.0.2.11", "2001:db8::c", "100.64.0.8*"]);
    let german = "Ethernet-Adapter vEthernet (Extern):\r\n
   IPv4-Adresse (Auto. Konfiguration): 169.254.3.3(Bevorzugt)\r
   Subnetzmaske  . . . . . . . . . . : 255.255.0.0\r\n
Ethernet-Adapter Ethernet 2:\r\n
   IPv4-Adresse  . . . . . . . . . . : 192.0.2.12\r
   Standardgateway . . . . . . . . . : 192.0.2.1\r
";
    assert_eq!(chosen(german, &[]), ["192.0.2.12", "169.254.3.3"]);
    assert_eq!(chosen("172.17.0.1 192.0.2.13 fd00::13 \n", &[]), ["192.0.2.13", "fd00::13"]);
    for odd in
        ["", "\n", "ip: command not found", "inet", "1: eth0 inet x/24", "inet6 addr:", ":::", "\u{fffd}"]
    {
        assert_eq!(chosen(odd, &[]), [""; 0], "{odd:?}");
    }
}

#[test]
fn a_name_is_printed_where_it_leads_to_this_machine() {
    let names = ["localhost".to_string(), "nowhere.invalid".to_string(), "two words".to_string()];
    let own = |ip: &str| choose(parse(&format!("inet {ip}")), &[]);
    assert!(names_of(&own("192.0.2.7"), &names).is_empty());
    let loopback = Address { ip: "127.0.0.1".parse().unwrap(), is_vpn: false };
    assert_eq!(names_of(&[loopback], &names), [&names[0]]);
}

#[test]
fn programs_that_hang_or_are_missing_delay_the_start_by_seconds_at_most() {
    let folder = Folder::new();
    let pids = folder.path("pids");
    for program in ["ip", "ifconfig", "hostname"] {
        let path = folder.path(program);
        fs::write(&path, format!("#!/bin/sh\necho $$ >>{}\nexec sleep 600\n", pids.display())).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
    let server = Server::start_after(&format!("PATH={}:$PATH", folder.as_str()), &[]);
    server.assert_serves();
    let pids = fs::read_to_string(pids).unwrap();
    assert!(is_possible("kill", &pids.lines().collect::<Vec<_>>()), "{pids}");
    Server::start_after("unset PATH", &[]).assert_serves();
}
