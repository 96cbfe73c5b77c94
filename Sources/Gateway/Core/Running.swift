/// Where work goes on that its caller does not wait for to the end, or must not cut short.
public enum Running {
    /// The executor that the caller's work was given: a task that is no child of the caller's does not inherit it by itself.
    @TaskLocal public static var executor: (any TaskExecutor)?

    /// A task of its own on the caller's executor: one for people stays apart from all others.
    static func task<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) -> _Concurrency.Task<T, any Error> {
        _Concurrency.Task(executorPreference: executor) { try await body() }
    }
}
