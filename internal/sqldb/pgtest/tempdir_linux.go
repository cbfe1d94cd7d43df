package pgtest

import "syscall"

const (
	memoryDir = "/dev/shm"
	roomBytes = 2 << 30 // for the servers of two test processes
)

// tempDir returns the directory for new clusters: in memory if it has room, else ""
// for the default. A new database is a copy of several hundred files.
func tempDir() string {
	const writable = 2
	var stat syscall.Statfs_t
	if err := syscall.Statfs(memoryDir, &stat); err != nil || stat.Bavail*uint64(stat.Bsize) < roomBytes || syscall.Access(memoryDir, writable) != nil {
		return ""
	}
	return memoryDir
}
