//! A real Slurm of one node: slurmctld and slurmd as an unprivileged user, on loopback, without munge.

use crate::fail::{Fail, Result};
use crate::place::{self, Place};
use crate::process::Process;
use crate::wait;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A batch system.
#[derive(Debug)]
pub struct Slurm {
    // Ended in this order, before their folder goes.
    _node: Process,
    _controller: Process,
    place: Place,
}

impl Slurm {
    /// Starts one, and waits until its node takes jobs.
    pub fn start() -> Result<Slurm> {
        place::unprivileged()?;
        let place = Place::new("slurm")?;
        let user = place::user()?;
        let name = nix::sys::utsname::uname().map_err(Fail::at("uname"))?.nodename().to_string_lossy().into_owned();
        let name = name.split('.').next().unwrap_or_default();
        let [controller, node] = {
            // Both are held until they are known to differ.
            let held = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
            [held[0].local_addr()?.port(), held[1].local_addr()?.port()]
        };
        let root = place.path().display();
        for folder in ["state", "spool"] {
            place.folder(folder)?;
        }
        place::write(
            &place.join("slurm.conf"),
            format!(
                "ClusterName=tests\nSlurmctldHost={name}(127.0.0.1)\nSlurmctldPort={controller}\nSlurmdPort={node}\nAuthType=auth/none\n\
                 CredType=cred/none\nSlurmUser={user}\nSlurmdUser={user}\nStateSaveLocation={root}/state\nSlurmdSpoolDir={root}/spool\n\
                 SlurmctldPidFile={root}/slurmctld.pid\nSlurmdPidFile={root}/slurmd.pid\nProctrackType=proctrack/linuxproc\n\
                 TaskPlugin=task/none\nSwitchType=switch/none\nMpiDefault=none\nJobAcctGatherType=jobacct_gather/none\n\
                 AccountingStorageType=accounting_storage/none\nSchedulerType=sched/builtin\nSelectType=select/cons_tres\n\
                 SelectTypeParameters=CR_Core_Memory\nReturnToService=2\n\
                 NodeName={name} NodeAddr=127.0.0.1 CPUs=4 RealMemory=4096 State=UNKNOWN\n\
                 PartitionName=grid Nodes=ALL Default=YES MaxTime=INFINITE State=UP\nSlurmdParameters=config_overrides\n\
                 CommunicationParameters=NoCtldInAddrAny,NoInAddrAny\n"
            ),
        )?;
        let start = |program: &str| {
            let log = std::fs::File::create(place.join(format!("{program}.log")))?;
            let mut command = Command::new(format!("/usr/sbin/{program}"));
            command.arg("-D").env("SLURM_CONF", place.join("slurm.conf")).current_dir(place.path());
            command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
            Process::start(program, &mut command)
        };
        let slurm = Slurm { _controller: start("slurmctld")?, _node: start("slurmd")?, place };
        wait::until_true("Slurm's node to be idle", || Ok(slurm.says("sinfo", &["-h", "-o", "%t"])?.trim() == "idle"))?;
        Ok(slurm)
    }

    /// Its configuration file, SLURM_CONF.
    pub fn configuration(&self) -> PathBuf {
        self.place.join("slurm.conf")
    }

    /// What one of its commands prints.
    pub fn says(&self, program: &str, words: &[&str]) -> Result<String> {
        let output = Command::new(program)
            .args(words)
            .env("SLURM_CONF", self.configuration())
            .output()
            .map_err(Fail::at(program))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}
