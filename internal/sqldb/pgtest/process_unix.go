//go:build unix

package pgtest

import (
	"os"
	"os/exec"
	"syscall"
)

// unprivilegedID is the user and group of a server that root starts: postgres
// refuses to run as root.
const unprivilegedID = 65534

// chownToServer makes the server's user the owner of dir.
func chownToServer(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(dir, unprivilegedID, unprivilegedID)
}

// setServerUser makes cmd run as the server's user, in a process group of its
// own, so that a Ctrl-C for the tests does not reach it.
func setServerUser(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: unprivilegedID, Gid: unprivilegedID}
	}
}
