// Package datadir locks the data folder of a server and identifies its node.
package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/regulars/regulars/internal/id"
)

var errInUse = errors.New("another server is running on this data folder")

// Lock is the lock of a server on its data folder. The operating system
// releases it when the process ends.
type Lock struct{ file *os.File }

// Acquire is lock with retries: InUse acquires the lock for
// a moment, which must not prevent a server from starting.
func Acquire(path string) (acquired *Lock, err error) {
	for range 10 {
		if acquired, err = lock(path); !errors.Is(err, errInUse) {
			break
		}
		<-time.After(20 * time.Millisecond)
	}
	return acquired, err
}

// lock locks a data folder and creates it if missing. It does not wait;
// it returns errInUse if a server has the lock.
func lock(path string) (*Lock, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("create data folder: %w", err)
	}
	file, err := openLocked(filepath.Join(path, "server.lock"))
	if errors.Is(err, errFileInUse) {
		return nil, fmt.Errorf("%w: %s", errInUse, path)
	}
	if err != nil {
		return nil, fmt.Errorf("lock data folder: %w", err)
	}
	return &Lock{file}, nil
}

// Release ends the lock.
func (l *Lock) Release() error { return l.file.Close() }

// InUse reports whether a server is running on the data folder.
func InUse(path string) (bool, error) {
	acquired, err := lock(path)
	if errors.Is(err, errInUse) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return false, acquired.Release()
}

// NodeID returns the node id of the server on a data folder, the same at each
// start on one machine. The caller must have the lock of the folder, so that no
// other process uses the id.
func NodeID(folder string, now time.Time) (string, error) {
	host, err := os.Hostname()
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "node")
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", err
	}
	nodeID, nodeHost, _ := strings.Cut(strings.TrimSpace(string(content)), " ")
	if id.Valid(nodeID) && nodeHost == host { // else the folder was copied
		return nodeID, nil
	}
	created := id.New(now)
	return created, os.WriteFile(path, []byte(created+" "+host+"\n"), 0o600)
}
