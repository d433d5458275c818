/*
 * Stand-in for the vendor's proprietary librknnrt.so: exports what rknn-toolkit-lite2 binds and says success.
 *
 * It computes nothing: whatever the model, it is said to have the shipped one's shapes, and its output is zero. It
 * answers just enough for RKNNLite().init_runtime() and .inference() to come through: how many inputs and outputs there
 * are (query 0), what they are like (1, 2), the SDK version (5) and the memory sizes (13). Its version string names it
 * as simulated.
 */
#include <stdint.h>
#include <string.h>

#define QUERY_COUNTS 0
#define QUERY_INPUT 1
#define QUERY_OUTPUT 2
#define QUERY_SDK_VERSION 5

#define OUTPUTS (32 * 14 * 14)

enum { NCHW, NHWC };
enum { INT8 = 2 };
enum { AFFINE = 2 };

struct counts {
	uint32_t inputs, outputs;
};

struct tensor {
	uint32_t index, dimensions, sizes[16];
	char name[256];
	uint32_t elements, bytes, format, type, quantisation;
	int8_t exponent;
	int32_t zero_point;
	float scale;
	uint32_t width_stride, bytes_with_stride;
	uint8_t pass_through;
	uint32_t height_stride;
};

struct output {
	uint8_t want_float, is_ours;
	uint32_t index;
	void *values;
	uint32_t bytes;
};

struct sdk_version {
	char api_version[256];
	char drv_version[256];
};

const char rknn_validation_stand_in[] = "rknn-validation stand-in for librknnrt.so";

static const struct tensor shipped_input = {
	.dimensions = 4, .sizes = { 1, 224, 224, 3 }, .name = "input", .elements = 224 * 224 * 3,
	.bytes = 224 * 224 * 3, .format = NHWC, .type = INT8, .quantisation = AFFINE, .scale = 1.0f / 128,
};
static const struct tensor shipped_output = {
	.dimensions = 4, .sizes = { 1, 32, 14, 14 }, .name = "output", .elements = OUTPUTS, .bytes = OUTPUTS,
	.format = NCHW, .type = INT8, .quantisation = AFFINE, .scale = 1.0f / 16,
};
static float zeros[OUTPUTS];

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
	if (command == QUERY_COUNTS && size >= sizeof(struct counts))
		*(struct counts *)info = (struct counts){ 1, 1 };
	if (command == QUERY_INPUT && size >= sizeof(struct tensor))
		*(struct tensor *)info = shipped_input;
	if (command == QUERY_OUTPUT && size >= sizeof(struct tensor))
		*(struct tensor *)info = shipped_output;
	if (command == QUERY_SDK_VERSION && size >= sizeof(struct sdk_version)) {
		struct sdk_version *version = info;

		strcpy(version->api_version, "2.3.2 (simulated)");
		strcpy(version->drv_version, "0.9.8");
	}
	return 0;
}

int rknn_outputs_get(uint64_t context, uint32_t count, struct output *outputs, void *extend)
{
	(void)context, (void)extend;
	for (uint32_t i = 0; outputs && i < count; i++) {
		uint32_t bytes = OUTPUTS * (outputs[i].want_float ? sizeof(float) : 1);

		if (outputs[i].is_ours && outputs[i].values) {
			memset(outputs[i].values, 0, outputs[i].bytes < bytes ? outputs[i].bytes : bytes);
			continue;
		}
		outputs[i].values = zeros;
		outputs[i].bytes = bytes;
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
SUCCEEDS(rknn_outputs_release)
SUCCEEDS(rknn_set_core_mask)
SUCCEEDS(rknn_set_input_shapes)
SUCCEEDS(rknn_set_input_shape)
SUCCEEDS(rknn_wait)
SUCCEEDS(rknn_dup_context)
