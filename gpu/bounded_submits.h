// BoundedSubmits: runs a row of stages in submissions that each take about Tuning::submitMs, by
// cutting stages where the work measured so far says that the time is up. Drivers kill what runs
// for seconds, and a user who stops should not have to wait. One thread.
#pragma once

#include "core/base/cancellation.h"
#include "gpu/recorder.h"
#include "gpu/tuning.h"

#include <functional>

namespace alcove::gpu {

// A stage: `items` independent pieces, any range of which can be recorded by itself.
struct BoundedStage {
    std::uint32_t items = 0;
    double macsPerItem = 0; // multiply-adds, as a measure of time
    std::function<void(Recorder &, std::uint32_t first, std::uint32_t count)> record;
};

class BoundedSubmits
{
public:
    BoundedSubmits(std::shared_ptr<Device> device, const Tuning &tuning)
        : m_device(std::move(device)), m_recorder(*m_device), m_macsPerMs(tuning.startMacsPerMs),
          m_submitMs(tuning.submitMs)
    { }

    Result<> open();

    // Starts over after whatever came before. `cancel` is looked at before each submission.
    void begin(CancelToken cancel);
    Result<> add(const BoundedStage &stage);
    // Submits what is left and waits until all is done.
    Result<> finish();

    double longestMs() const { return m_longestMs; } // of all submissions, as the host saw them

private:
    Result<> ensureRecording();

    std::shared_ptr<Device> m_device;
    Recorder m_recorder;
    VkCommandBuffer m_commands = VK_NULL_HANDLE;
    CancelToken m_cancel;
    bool m_recording = false;
    double m_macs = 0; // recorded, not submitted
    double m_macsPerMs;
    double m_submitMs;
    double m_longestMs = 0;
};

} // namespace alcove::gpu
