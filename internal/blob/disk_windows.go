package blob

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// canRemoveOpen reports whether an open file can be unlinked.
const canRemoveOpen = false

func isFull(err error) bool {
	const diskFull, handleDiskFull = syscall.Errno(112), syscall.Errno(39)
	return errors.Is(err, diskFull) || errors.Is(err, handleDiskFull)
}

func free(path string) (uint64, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	var available uint64
	ask := syscall.NewLazyDLL("kernel32.dll").NewProc("GetDiskFreeSpaceExW")
	if ok, _, err := ask.Call(uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&available)), 0, 0); ok == 0 {
		return 0, fmt.Errorf("get free disk space: %w", err)
	}
	return available, nil
}

// syncDir does nothing: NTFS journals names, and Windows cannot flush a
// directory.
func syncDir(*os.Root) error { return nil }
