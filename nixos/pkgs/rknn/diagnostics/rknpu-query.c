/* Asks the vendor's NPU driver what it is: rknpu-query NODE prints NAME VALUE lines.
 *
 * NODE is /dev/rknpu (drivers built for DMA heaps) or the NPU's render node (built for DRM); each has the ACTION
 * request under a number of its own. Values are those of the driver's interface, version 0.9.8.
 * Exit status: 0 answered, 1 opened but not answered, 2 wrong use, 3 not opened.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

struct action {
	uint32_t flags;
	uint32_t value;
};

#define ACTION_MISC _IOWR('r', 0x00, struct action)
#define ACTION_DRM _IOWR('d', 0x40, struct action)
#define MISC_MAJOR 10

static const struct {
	const char *name;
	uint32_t flags;
} questions[] = {
	{ "hardware-version", 0 }, { "driver-version", 1 }, { "frequency-hz", 2 },
	{ "voltage-uv", 4 },	   { "iommu", 18 },
};

int main(int argc, char **argv)
{
	struct stat status;
	int answered = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: rknpu-query NODE\n");
		return 2;
	}
	int node = open(argv[1], O_RDWR | O_CLOEXEC);
	if (node < 0 || fstat(node, &status) < 0 || !S_ISCHR(status.st_mode)) {
		fprintf(stderr, "rknpu-query: %s: %s\n", argv[1], node < 0 ? strerror(errno) : "not a device");
		return 3;
	}
	unsigned long request = major(status.st_rdev) == MISC_MAJOR ? ACTION_MISC : ACTION_DRM;
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		struct action action = { .flags = questions[i].flags };

		if (ioctl(node, request, &action) == 0) {
			printf("%s %u\n", questions[i].name, action.value);
			answered++;
		} else {
			fprintf(stderr, "rknpu-query: %s: %s\n", questions[i].name, strerror(errno));
		}
	}
	close(node);
	return answered ? 0 : 1;
}
