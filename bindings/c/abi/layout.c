/* Prints what a compiled program has built in of qkdpp.h: sizes, offsets and numbers. layout.txt is what it has to print. */
#include <qkdpp.h>
#include <stdio.h>

#define SIZE(type) printf("%-24s size %zu align %zu\n", #type, sizeof(type), _Alignof(type))
#define FIELD(type, field) \
    printf("%-24s %-16s at %2zu size %zu\n", #type, #field, offsetof(type, field), sizeof(((type *)0)->field))
#define NUMBER(name) printf("%-28s %lld\n", #name, (long long)(name))

int main(void)
{
    SIZE(qkdpp_status);
    SIZE(qkdpp_text);
    SIZE(qkdpp_bytes);
    FIELD(qkdpp_bytes, data);
    FIELD(qkdpp_bytes, size);
    SIZE(qkdpp_bits);
    FIELD(qkdpp_bits, data);
    FIELD(qkdpp_bits, bits);
    SIZE(qkdpp_mut_bits);
    FIELD(qkdpp_mut_bits, data);
    FIELD(qkdpp_mut_bits, bits);
    SIZE(qkdpp_callbacks);
    FIELD(qkdpp_callbacks, size);
    FIELD(qkdpp_callbacks, context);
    FIELD(qkdpp_callbacks, entropy);
    FIELD(qkdpp_callbacks, wake);
    SIZE(qkdpp_link_config);
    FIELD(qkdpp_link_config, size);
    FIELD(qkdpp_link_config, config);
    FIELD(qkdpp_link_config, pool);
    FIELD(qkdpp_link_config, ledger);
    FIELD(qkdpp_link_config, backend);
    FIELD(qkdpp_link_config, threads);
    SIZE(qkdpp_step);
    FIELD(qkdpp_step, kind);
    FIELD(qkdpp_step, wants_batch);
    FIELD(qkdpp_step, data);
    FIELD(qkdpp_step, size);
    FIELD(qkdpp_step, bits);
    FIELD(qkdpp_step, block);
    FIELD(qkdpp_step, epsilon);
    FIELD(qkdpp_step, first_slot);
    FIELD(qkdpp_step, slots);
    FIELD(qkdpp_step, open_blocks);
    FIELD(qkdpp_step, timeout_ms);
    SIZE(qkdpp_batch);
    FIELD(qkdpp_batch, first_slot);
    FIELD(qkdpp_batch, slots);
    FIELD(qkdpp_batch, entries);
    FIELD(qkdpp_batch, offsets);
    FIELD(qkdpp_batch, basis);
    FIELD(qkdpp_batch, bit);
    FIELD(qkdpp_batch, intensity_low);
    FIELD(qkdpp_batch, intensity_high);
    FIELD(qkdpp_batch, double_click);
    SIZE(qkdpp_ldpc_code);
    FIELD(qkdpp_ldpc_code, frame_bits);
    FIELD(qkdpp_ldpc_code, syndrome_bits);
    FIELD(qkdpp_ldpc_code, max_qber);
    NUMBER(QKDPP_ABI_VERSION);
    NUMBER(QKDPP_STATUS_OK);
    NUMBER(QKDPP_STATUS_NULL);
    NUMBER(QKDPP_STATUS_ARGUMENT);
    NUMBER(QKDPP_STATUS_BUSY);
    NUMBER(QKDPP_STATUS_NOT_DUE);
    NUMBER(QKDPP_STATUS_CONFIG);
    NUMBER(QKDPP_STATUS_BACKEND);
    NUMBER(QKDPP_STATUS_KEY_POOL);
    NUMBER(QKDPP_STATUS_LEDGER);
    NUMBER(QKDPP_STATUS_ENTROPY);
    NUMBER(QKDPP_STATUS_BUDGET);
    NUMBER(QKDPP_STATUS_ALARMS);
    NUMBER(QKDPP_STATUS_RECORD);
    NUMBER(QKDPP_STATUS_PEER);
    NUMBER(QKDPP_STATUS_INTERNAL);
    NUMBER(QKDPP_STATUS_PANIC);
    NUMBER(QKDPP_ALICE);
    NUMBER(QKDPP_BOB);
    NUMBER(QKDPP_STEP_SEND);
    NUMBER(QKDPP_STEP_KEY);
    NUMBER(QKDPP_STEP_REPORT);
    NUMBER(QKDPP_STEP_ALARM);
    NUMBER(QKDPP_STEP_WAIT);
    NUMBER(QKDPP_TOEPLITZ);
    NUMBER(QKDPP_MODIFIED_TOEPLITZ);
    return 0;
}
