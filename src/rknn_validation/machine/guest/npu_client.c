/*
 * A C program that uses the NPU the way clients do, one step per call:
 *
 *   npu-client load LIBRARY   dlopen by name; prints "loaded PATH" (where it was found, resolved)
 *   npu-client open DEVICE    open read-write and ask the vendor driver its version; prints what it answered
 *
 * Exit status: 0 done, 1 refused (the reason is on stderr), 2 wrong usage.
 *
 * Linked with -z nodefaultlib, so that the loader searches LD_LIBRARY_PATH and the program's own rpath and
 * nothing else: that is how it behaves on NixOS, which has no default library directory.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* ACTION of the vendor driver, as a DRM device and as a misc device; 1 asks for the driver's version. */
#define ACTION_DRM 0xc0086440UL
#define ACTION_MISC 0xc0087200UL
#define GET_DRIVER_VERSION 1
#define MISC_MAJOR 10

struct action {
	uint32_t flags;
	uint32_t value;
};

static int load(const char *name)
{
	char resolved[PATH_MAX];
	struct link_map *map;
	void *handle = dlopen(name, RTLD_NOW);

	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	if (dlinfo(handle, RTLD_DI_LINKMAP, &map) || !realpath(map->l_name, resolved)) {
		fprintf(stderr, "loaded, but cannot tell from where: %s\n", strerror(errno));
		return 1;
	}
	printf("loaded %s\n", resolved);
	return 0;
}

static int ask(const char *path)
{
	struct action action = { .flags = GET_DRIVER_VERSION };
	struct stat status;
	int device = open(path, O_RDWR | O_CLOEXEC);

	if (device < 0) {
		fprintf(stderr, "open %s: %s\n", path, strerror(errno));
		return 1;
	}
	if (fstat(device, &status)) {
		fprintf(stderr, "stat %s: %s\n", path, strerror(errno));
		return 1;
	}
	printf("opened %s (%u:%u)\n", path, major(status.st_rdev), minor(status.st_rdev));
	if (ioctl(device, major(status.st_rdev) == MISC_MAJOR ? ACTION_MISC : ACTION_DRM, &action))
		printf("ioctl ACTION: %s\n", strerror(errno));
	else
		printf("driver version %u.%u.%u\n", action.value / 10000, action.value / 100 % 100, action.value % 100);
	return 0;
}

int main(int count, char **words)
{
	if (count == 3 && !strcmp(words[1], "load"))
		return load(words[2]);
	if (count == 3 && !strcmp(words[1], "open"))
		return ask(words[2]);
	fprintf(stderr, "usage: npu-client load LIBRARY | npu-client open DEVICE\n");
	return 2;
}
