/*
 * Stand-in for the vendor's proprietary librknnrt.so: exports what rknn-toolkit-lite2 binds and says success.
 *
 * It computes nothing. It answers just enough for RKNNLite().init_runtime() to come through: the SDK version
 * (query 5) and the memory sizes (query 13). Its version string names it as simulated.
 */
#include <stdint.h>
#include <string.h>

#define QUERY_SDK_VERSION 5

struct sdk_version {
	char api_version[256];
	char drv_version[256];
};

const char rknn_validation_stand_in[] = "rknn-validation stand-in for librknnrt.so";

int rknn_init(uint64_t *context, void *model, uint32_t size, uint32_t flag, void *extend)
{
	(void)model, (void)size, (void)flag, (void)extend;
	if (context)
		*context = 1;
	return 0;
}

int rknn_query(uint64_t context, int command, void *info, uint32_t size)
{
	(void)context;
	if (!info)
		return 0;
	memset(info, 0, size);
	if (command == QUERY_SDK_VERSION && size >= sizeof(struct sdk_version)) {
		struct sdk_version *version = info;

		strcpy(version->api_version, "2.3.2 (simulated)");
		strcpy(version->drv_version, "0.9.8");
	}
	return 0;
}

#define SUCCEEDS(name)             \
	int name(uint64_t context) \
	{                          \
		(void)context;     \
		return 0;          \
	}

SUCCEEDS(rknn_run)
SUCCEEDS(rknn_destroy)
SUCCEEDS(rknn_inputs_set)
SUCCEEDS(rknn_outputs_get)
SUCCEEDS(rknn_outputs_release)
SUCCEEDS(rknn_set_core_mask)
SUCCEEDS(rknn_set_input_shapes)
SUCCEEDS(rknn_set_input_shape)
SUCCEEDS(rknn_wait)
SUCCEEDS(rknn_dup_context)
