package config

import "github.com/regulars/regulars/internal/feature"

// InForce returns the limits that settings of the installation change.
func (l Limits) InForce() []feature.Limit {
	const second, minute, hour, mib = 1, 60, 3600, 1 << 20
	return []feature.Limit{
		{Name: "requests_without_credential", Value: int64(l.AnonymousPerSec), Unit: "requests", Window: second, Setting: "REGULARS_ANONYMOUS_PER_SECOND"},
		{Name: "sign_ins", Value: int64(l.SignInsPerMin), Unit: "attempts", Window: minute, Setting: "REGULARS_SIGN_INS_PER_MINUTE"},
		{Name: "pictures", Value: int64(l.PicturesPerMin), Unit: "pictures", Window: minute, Setting: "REGULARS_PICTURES_PER_MINUTE"},
		{Name: "event_streams", Value: int64(l.StreamsPerOwner), Unit: "streams", Setting: "REGULARS_STREAMS_PER_ACCOUNT"},
		{Name: "open_imports", Value: int64(l.OpenImports), Unit: "imports", Window: hour, Setting: "REGULARS_OPEN_IMPORTS_PER_HOUR"},
		{Name: "open_import_file", Value: l.OpenImportMiB * mib, Unit: "bytes", Setting: "REGULARS_OPEN_IMPORT_MIB"},
		{Name: "bulk_file", Value: l.BulkFileMiB * mib, Unit: "bytes", Setting: "REGULARS_BULK_FILE_MIB"},
		{Name: "bulk_unpacked_file", Value: l.UnpackedMiB * mib, Unit: "bytes", Setting: "REGULARS_UNPACKED_MIB"},
		{Name: "bulk_files", Value: l.CommunityFilesMiB * mib, Unit: "bytes", Setting: "REGULARS_COMMUNITY_FILES_MIB"},
		{Name: "uploads", Value: int64(l.UploadsPerAccount), Unit: "files", Setting: "REGULARS_UPLOADS_PER_ACCOUNT"},
	}
}
