//go:build unix

package pgtest

import (
	"os"
	"os/exec"
	"syscall"
)

// nobody owns a cluster that root started: postgres refuses to run as root.
const nobody = 65534

// giveAway makes the cluster's user the owner of a folder.
func giveAway(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(dir, nobody, nobody)
}

// setAside runs cmd as the cluster's user, out of reach of a Ctrl-C that is
// meant for the tests.
func setAside(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
	}
}
