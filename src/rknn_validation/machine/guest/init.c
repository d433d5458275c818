/* The first process of an emulated board: mounts the read-only image under a writable overlay, lays the tree
 * of this boot over it, and hands over to systemd, which then sees nothing but an ordinary root file system.
 *
 * The initramfs holds /modules/NN-name.ko (loaded in order) and /tree.tar. Any failure ends in a panic, which
 * the emulator sees as the end of QEMU.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void die(const char *format, ...)
{
	va_list arguments;
	int error = errno;

	va_start(arguments, format);
	fprintf(stderr, "init: ");
	vfprintf(stderr, format, arguments);
	fprintf(stderr, ": %s\n", strerror(error));
	exit(1); /* of PID 1: the kernel panics */
}

static void mount_or_die(const char *what, const char *where, const char *type, unsigned long flags, const char *data)
{
	mkdir(where, 0755);
	if (mount(what, where, type, flags, data) < 0)
		die("cannot mount %s on %s", type ? type : what, where);
}

static void load_modules(void)
{
	struct dirent **entries;
	char path[512];
	int count = scandir("/modules", &entries, NULL, alphasort);

	if (count < 0)
		die("no /modules");
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/modules/%s", entries[i]->d_name);
		int file = open(path, O_RDONLY | O_CLOEXEC);
		if (file < 0 || (syscall(SYS_finit_module, file, "", 0) < 0 && errno != EEXIST))
			die("cannot load %s", path);
		close(file);
		unlink(path);
	}
}

static void mount_root(void)
{
	for (int tries = 0; access("/dev/vda", F_OK) < 0; tries++) {
		if (tries == 1000)
			die("no /dev/vda");
		usleep(10000);
	}
	mount_or_die("/dev/vda", "/image", "erofs", MS_RDONLY, NULL);
	mount_or_die("tmpfs", "/writable", "tmpfs", 0, "mode=755,size=75%");
	mkdir("/writable/upper", 0755);
	mkdir("/writable/work", 0755);
	mount_or_die("overlay", "/root", "overlay", 0, "lowerdir=/image,upperdir=/writable/upper,workdir=/writable/work");
}

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
}

static void copy_data(FILE *archive, const char *path, long size)
{
	static char block[65536];
	int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (file < 0)
		die("cannot create %s", path);
	while (size > 0) {
		size_t part = size < (long)sizeof(block) ? (size_t)size : sizeof(block);
		if (fread(block, 1, part, archive) != part || write(file, block, part) != (ssize_t)part)
			die("cannot write %s", path);
		size -= (long)part;
	}
	close(file);
}

/* One entry of a tar archive. What stands in the way gives way, except a directory that is not empty. */
static void lay_out(FILE *archive, const char *name, char type, unsigned int mode, const char *target, long size)
{
	char path[4100];
	struct stat state;

	snprintf(path, sizeof(path), "/%s", name);
	size_t length = strlen(path);
	if (length > 1 && path[length - 1] == '/')
		path[length - 1] = '\0';
	make_parents(path);
	if (type == '5') {
		if (stat(path, &state) < 0 || !S_ISDIR(state.st_mode)) {
			unlink(path);
			if (mkdir(path, 0755) < 0)
				die("cannot make directory %s", path);
		}
	} else if (unlink(path) < 0 && errno == EISDIR && rmdir(path) < 0) {
		die("cannot replace directory %s", path);
	}
	if (type == '2') {
		if (symlink(target, path) < 0)
			die("cannot link %s", path);
		return;
	}
	if (type == '0')
		copy_data(archive, path, size);
	if (chmod(path, mode) < 0)
		die("cannot set the mode of %s", path);
}

struct header {
	char name[100], mode[8], owner[16], size[12], time[12], sum[8], type, link[100], rest[255];
};

static void read_long(FILE *archive, char *into, size_t room, long size)
{
	if (size <= 0 || (size_t)size > room || fread(into, 1, (size_t)size, archive) != (size_t)size)
		die("/tree.tar has a name of %ld bytes", size);
	into[size - 1] = '\0';
}

static void unpack(FILE *archive)
{
	static char name[4097], target[4097];
	struct header header;
	char number[16];

	while (fread(&header, sizeof(header), 1, archive) == 1 && header.name[0]) {
		snprintf(number, sizeof(number), "%.12s", header.size);
		long size = strtol(number, NULL, 8), end = ftell(archive) + ((size + 511) & ~511L);
		snprintf(number, sizeof(number), "%.8s", header.mode);
		if (header.type == 'L') {
			read_long(archive, name, sizeof(name), size);
		} else if (header.type == 'K') {
			read_long(archive, target, sizeof(target), size);
		} else {
			if (!name[0])
				snprintf(name, sizeof(name), "%.100s", header.name);
			if (!target[0])
				snprintf(target, sizeof(target), "%.100s", header.link);
			lay_out(archive, name, header.type, (unsigned int)strtol(number, NULL, 8), target, size);
			name[0] = target[0] = '\0';
		}
		if (fseek(archive, end, SEEK_SET) < 0)
			die("/tree.tar is too short");
	}
}

int main(void)
{
	mount_or_die("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	load_modules();
	mount_root();
	FILE *archive = fopen("/tree.tar", "re");
	if (!archive)
		die("no /tree.tar");
	unlink("/tree.tar");
	unlink("/init");
	if (mount("/dev", "/root/dev", NULL, MS_MOVE, NULL) < 0 || chdir("/root") < 0 ||
	    mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		die("cannot enter the root file system");
	umask(0);
	unpack(archive);
	fclose(archive);
	umask(022);
	execl("/lib/systemd/systemd", "/sbin/init", NULL);
	die("cannot run systemd");
}
