import NIOPosix

/// Threads of their own for what people ask: however busy agents keep the others, a lock gets through.
public final class PeopleExecutor: TaskExecutor {
    private let pool: NIOThreadPool

    public init(threads: Int) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    public func stop() async throws { try await pool.shutdownGracefully() }
}
